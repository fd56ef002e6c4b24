"""Making a model version again from what was recorded, and comparing both bit by bit."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from crispml_core.domain.dataset_diff import diff_columns
from crispml_core.domain.datasets import SPLIT_COLUMN, TEST, Stage, dataset_id
from crispml_core.domain.errors import CrispMLError, NotFound, RegistryDamaged
from crispml_core.domain.models import ModelVersion
from crispml_core.domain.reproduction import (
    AnswersCompared,
    Difference,
    Reproduction,
    differences_of,
    level_of,
)
from crispml_core.domain.version_files import COMPILED_FILE, GOLDEN_FILE, MODEL_FILE
from crispml_core.pipelines.data_steps import curate, prepare
from crispml_core.pipelines.model_steps import persist, report, train
from crispml_core.pipelines.workplace import Workplace
from crispml_core.ports.scorer import Predictions
from crispml_core.serving.pipeline_scorer import answer
from crispml_core.tables.digest import ContentDigest

REPRODUCED_STEPS = 5
_FILES = (MODEL_FILE, COMPILED_FILE, GOLDEN_FILE)


def reproduce(work: Workplace, model: str, version: str) -> Reproduction:
    """Make a version again and say how equal it is; nothing of it is published.

    It is made from the recorded raw data with the recorded hyperparameters, which for a search are
    those that it chose, and the recorded seed, by the definition and the libraries of now.
    """
    recorded = work.stores.models.get(model, version)
    found = [*_environment(work, recorded), *_raw_data(work, recorded)]
    files: dict[str, bool] = {}
    answers = None
    try:
        with work.stores.scratch(work.stores, work.run_id) as stores:
            again = Workplace(work.use_case, stores, work.recorder, work.run_id, work.asked_by)
            made = _make(again, recorded)
            found += _data(work, again, recorded, made)
            found += _figures(recorded, made)
            files = _same_files(work, again, recorded, made)
            answers = _answers(work, again, recorded, made)
    except CrispMLError as error:
        # Cancelled or too slow is no answer about the model.
        if error.code in ("run_cancelled", "run_timed_out", "store_unavailable"):
            raise
        found.append(Difference("training", "succeeded", error.message))
    finally:
        # What the steps made is gone; its ids would lead nowhere.
        work.recorder.steps = tuple(replace(step, output={}) for step in work.recorder.steps)
    return Reproduction(
        model=model,
        version=version,
        level=level_of(files, answers, found),
        files=files,
        answers=answers,
        differences=tuple(found),
    )


def _make(again: Workplace, recorded: ModelVersion) -> ModelVersion:
    """Run methods 2 to 6 into the scratch stores."""
    prepared = prepare(again, recorded.lineage.raw, _split_seed(again, recorded))
    curation = curate(again, prepared.id, recorded.algorithm)
    model = train(again, curation.id, recorded.hyperparameters, recorded.seed, None)
    return persist(again, model.id, report(again, model.id).id)


def _split_seed(again: Workplace, recorded: ModelVersion) -> int:
    """Return the seed of the split; that of the model where the prepared data are gone."""
    try:
        manifest = again.stores.datasets.get(recorded.lineage.prepared)
    except NotFound:
        return recorded.seed
    return int(manifest.parameters.get("seed", recorded.seed))


def _environment(work: Workplace, recorded: ModelVersion) -> list[Difference]:
    use_case = work.use_case
    found = differences_of(
        "use case",
        {"digest": recorded.use_case_digest, "version": recorded.use_case_version},
        {"digest": use_case.digest, "version": use_case.version},
    )
    return found + differences_of("library", recorded.libraries, work.stores.libraries())


def _raw_data(work: Workplace, recorded: ModelVersion) -> list[Difference]:
    """Read the raw data as a whole: their id says what they must hold."""
    raw = recorded.lineage.raw
    digest = ContentDigest()
    try:
        for batch in work.stores.datasets.batches(raw):
            digest.update(batch)
    except (NotFound, RegistryDamaged) as error:
        return [Difference("raw data", raw, error.message)]
    name = dataset_id(recorded.use_case, Stage.RAW, digest.hexdigest(), (), {})
    return [] if name == raw else [Difference("raw data", raw, name)]


def _data(
    work: Workplace, again: Workplace, recorded: ModelVersion, made: ModelVersion
) -> list[Difference]:
    """Compare the prepared and the curated data by their columns."""
    found = []
    for stage in (Stage.PREPARED, Stage.CURATED):
        before, after = (
            getattr(lineage, stage.value) for lineage in (recorded.lineage, made.lineage)
        )
        if before == after:
            continue
        try:
            first = work.stores.datasets.get(before)
        except NotFound:
            found.append(Difference(f"{stage.value} data", before, "not in the registry"))
            continue
        second = again.stores.datasets.get(after)
        columns = diff_columns(first.columns, second.columns)
        names = [
            *columns.changed,
            *(change.name for change in columns.retyped),
            *(column.name for column in (*columns.added, *columns.removed)),
        ]
        if names or first.rows != second.rows:
            rows = differences_of(
                f"{stage.value} data", {"rows": first.rows}, {"rows": second.rows}
            )
            found += rows
            if names:
                found.append(Difference(f"{stage.value} data", before, f"other {', '.join(names)}"))
    return found


def _figures(recorded: ModelVersion, made: ModelVersion) -> list[Difference]:
    """Compare what was learnt and measured, as a manifest writes it."""
    before, after = (
        msgspec.json.decode(msgspec.json.encode(manifest)) for manifest in (recorded, made)
    )
    names = ("hyperparameters", "threshold", "conformal", "classes")
    found = differences_of("manifest", {n: before[n] for n in names}, {n: after[n] for n in names})
    for split in dict.fromkeys([*before["kpis"], *after["kpis"]]):
        kpis = [side["kpis"].get(split, {}) for side in (before, after)]
        found += differences_of(f"kpi {split}", *kpis)
    return found


def _same_files(
    work: Workplace, again: Workplace, recorded: ModelVersion, made: ModelVersion
) -> dict[str, bool]:
    before = {file.name: file.sha256 for file in recorded.files}
    after = {
        file.name: hashlib.sha256(
            again.stores.models.read(made.model, made.version, file.name)
        ).hexdigest()
        for file in again.stores.models.get(made.model, made.version).files
    }
    return {
        name: before.get(name) == after.get(name)
        for name in _FILES
        if name in before or name in after
    }


def _answers(
    work: Workplace, again: Workplace, recorded: ModelVersion, made: ModelVersion
) -> AnswersCompared:
    """Let both models answer every ``test`` record of the data that were made again."""
    prepared = again.prepared(made.lineage.prepared)
    test = prepared[prepared[SPLIT_COLUMN] == TEST][list(work.use_case.schema.names)]
    given = []
    for stores, manifest in ((work.stores, recorded), (again.stores, made)):
        content = stores.models.read(manifest.model, manifest.version, MODEL_FILE)
        pipeline = stores.codec(work.use_case).loads(content, manifest.trusted_types)
        given.append(answer(work.use_case, pipeline, manifest.threshold, test))
    first, second = (_numbers(found) for found in given)
    if first.shape != second.shape:
        return AnswersCompared(
            records=len(test), different=len(test), decisions=len(test), largest_deviation=np.inf
        )
    gaps = np.abs(first - second)
    return AnswersCompared(
        records=len(test),
        # Bit by bit: zero and minus zero differ, NaN equals itself.
        different=int((first.view(np.uint64) != second.view(np.uint64)).any(axis=1).sum()),
        decisions=int((np.asarray(given[0].decision) != np.asarray(given[1].decision)).sum()),
        largest_deviation=float(gaps.max(initial=0.0)),
    )


def _numbers(found: Predictions) -> Any:
    numbers = found.decision if found.probabilities is None else found.probabilities
    return np.ascontiguousarray(np.asarray(numbers, np.float64).reshape(len(found.decision), -1))
