"""What a model says about ``test``, asked part by part, wherever the parts are computed.

The parts are the same everywhere and each is answered by one thread, so that a report is the same
to the byte wherever it was made.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.domain.datasets import SPLIT_COLUMN, SPLITS, SUBJECT_COLUMN, TEST
from crispml_core.domain.models import Artefact, ArtefactKind
from crispml_core.domain.version_files import MODEL_FILE
from crispml_core.monitoring.importance import drawn_rows
from crispml_core.pipelines.recorder import Step
from crispml_core.pipelines.workbench import Workbench
from crispml_core.pipelines.workplace import Workplace
from crispml_core.ports.compute import one_thread
from crispml_core.serving.pipeline_scorer import answer
from crispml_core.tables.features import features
from crispml_core.tables.frames import to_frame
from crispml_core.tables.truth import encode_truth

# Of the work of a report: the rest are figures.
_SHARE = 0.8


@dataclass(frozen=True)
class AssessmentJob:
    """What every part of a report has in common."""

    model_id: str
    prepared_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessedRows:
    """What a model says about some rows of ``test``, and the truth.

    Parameters
    ----------
    rows : dict
        Rows by split, of all that were looked at.
    y, probabilities, numbers, segments
        See `crispml_core.methods.model_report.ReportInput`.
    """

    rows: dict[str, int]
    y: np.ndarray
    probabilities: np.ndarray | None
    numbers: np.ndarray | None
    segments: dict[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessedModel(AssessedRows):
    """What a model says about all of ``test``.

    Parameters
    ----------
    X : DataFrame
        The rows that the importance of columns is measured on.
    """

    X: pd.DataFrame


def assess_parts(work: Workplace, step: Step, model: Artefact) -> AssessedModel:
    """Ask a model about ``test``; in memory are its answers, and rows of a part or two."""
    prepared_id = model.facts["prepared_id"]
    task = work.task(assess_part, AssessmentJob(model.id, prepared_id))
    parts = range(work.stores.datasets.parts(prepared_id))
    rows: Counter[str] = Counter(dict.fromkeys(SPLITS, 0))
    found: list[AssessedRows] = []
    for number, each in enumerate(work.stores.compute.map(task, parts, look=step.look), 1):
        rows.update(each.rows)
        if len(each.y):
            found.append(each)
        step.progress(_SHARE * number / len(parts))
    y = _joined([each.y for each in found])
    return AssessedModel(
        rows=dict(rows),
        y=np.empty(0) if y is None else y,
        probabilities=_joined([each.probabilities for each in found]),
        numbers=_joined([each.numbers for each in found]),
        segments={
            name: np.concatenate([each.segments[name] for each in found])
            for name in (found[0].segments if found else ())
        },
        X=_drawn(work, prepared_id, rows[TEST], model.facts["seed"]),
    )


def assess_part(bench: Workbench, job: AssessmentJob, part: int) -> AssessedRows:
    """Ask a model about the rows of ``test`` in a part of the prepared data."""
    model = bench.shared.artefacts.get(job.model_id, ArtefactKind.MODEL)
    use_case, target = bench.use_case, bench.use_case.target
    known = [column.name for column in bench.shared.datasets.get(job.prepared_id).columns]
    needed = {*use_case.schema.names, target.name, SPLIT_COLUMN, SUBJECT_COLUMN}
    columns = [name for name in known if name in needed]
    table = pa.Table.from_batches(
        list(bench.data.opened(bench.shared.datasets.batches(job.prepared_id, columns, part)))
    )
    counts = pc.value_counts(table.column(SPLIT_COLUMN).combine_chunks()).to_pylist()
    test = to_frame(_test(table), use_case.schema)
    probabilities = numbers = None
    segments: dict[str, np.ndarray] = {}
    if len(test):
        pipeline = bench.keep(lambda: pipeline_from(bench, model))
        with one_thread():
            records = test[list(use_case.schema.names)]
            answers = answer(use_case, pipeline, model.facts["threshold"], records)
        probabilities, segments = answers.probabilities, dict(answers.segments)
        numbers = None if target.is_classification else answers.decision
    return AssessedRows(
        rows={each["values"]: each["counts"] for each in counts},
        y=encode_truth(target, test[target.name]),
        probabilities=probabilities,
        numbers=numbers,
        segments=segments,
    )


def pipeline_from(bench: Workbench, model: Artefact) -> Any:
    """Return the fitted pipeline of a model."""
    content = bench.shared.artefacts.read(model.id, MODEL_FILE)
    return bench.shared.codec(bench.use_case).loads(content, model.facts["trusted_types"])


def _drawn(work: Workplace, prepared_id: str, tested: int, seed: int) -> pd.DataFrame:
    """Return what a curation sees of the rows of ``test`` that are drawn."""
    wanted = drawn_rows(tested, seed)
    taken: list[pa.RecordBatch] = []
    before = 0
    for batch in work.data.opened(work.stores.datasets.batches(prepared_id)):
        test = _test(batch)
        here = wanted[(wanted >= before) & (wanted < before + test.num_rows)] - before
        taken.append(test.take(pa.array(here)))
        before += test.num_rows
    return features(work.use_case, to_frame(pa.Table.from_batches(taken), work.use_case.schema))


def _test(rows: Any) -> Any:
    return rows.filter(pc.equal(rows.column(SPLIT_COLUMN), TEST))


def _joined(parts: list[Any]) -> np.ndarray | None:
    """Return arrays as one, of rows in order; None where there are none."""
    if not parts or parts[0] is None:
        return None
    return np.concatenate(parts)
