"""The test that an author runs on a use case, like scikit-learn's ``check_estimator``."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.base import clone

from crispml_core.adapters.skops.codec import SkopsModelCodec
from crispml_core.adapters.sources import build_source
from crispml_core.domain.algorithms import Algorithm
from crispml_core.domain.errors import InvalidInput, UseCaseError, describe_failure
from crispml_core.domain.seen import RowView
from crispml_core.domain.sources import Selection
from crispml_core.domain.use_case import UseCase
from crispml_core.methods.data_curation import DataCuration
from crispml_core.methods.data_ingestion import DataIngestion
from crispml_core.methods.data_preparation import DataPreparation
from crispml_core.methods.model_training import ModelTraining
from crispml_core.serving.pipeline_scorer import answer, pipeline_of
from crispml_core.tables.frames import to_frame
from crispml_core.tables.preparation import prepare
from crispml_core.tables.seen_columns import seen_columns

ROWS = 2000
ALONE = 25


def check_use_case(
    use_case: UseCase, *, rows: int = ROWS, connections: Mapping[str, str] | None = None
) -> list[str]:
    """Run everything that a use case will go through, on the first rows of its source.

    Checked are: the source keeps the record schema; the preparation gives the same for one record,
    for a few and for all, and twice the same; every algorithm curates into a dense matrix, learns,
    answers one record as it answers many, and survives being persisted; every segment can be read.

    Parameters
    ----------
    rows : int
        How many rows of the source to use.
    connections : mapping, optional
        SQLAlchemy URLs by name, for a source that names a connection.

    Returns
    -------
    list of str
        One sentence per check that passed.

    Raises
    ------
    UseCaseError, InvalidInput
        At the first check that fails; the text says what to fix.
    """
    passed = []
    raw = _read(use_case, rows, connections or {})
    passed.append(f"source: {raw.num_rows} rows keep the record schema")
    raw, use_case = _seen(use_case, raw), use_case.seen
    prepared = _prepare(use_case, raw)
    passed.append("prepare: one record, a few and all give the same")
    for algorithm in use_case.algorithms:
        _learn(use_case, algorithm, prepared)
        passed.append(f"{algorithm.name}: curates, learns, answers and can be persisted")
    for segment in use_case.segments:
        passed.append(f"segment {segment.name}: can be read")
    return passed


def _read(use_case: UseCase, rows: int, connections: Mapping[str, str]) -> pa.Table:
    if not use_case.digest:
        raise InvalidInput("load the use case with load_use_case, so that it has a digest")
    source = build_source(use_case, connections)
    batches = source.read(Selection(where=use_case.pool, limit=rows))
    return pa.Table.from_batches(list(DataIngestion(use_case).run(batches))).combine_chunks()


def _seen(use_case: UseCase, raw: pa.Table) -> pa.Table:
    """Return the rows as models see them where privacy policies hold for training data."""
    view = RowView(use_case.schema, use_case.seen.schema)
    if view.is_clear:
        return raw
    target = use_case.target.name
    batches = [
        seen_columns(view, batch).append_column(raw.schema.field(target), batch.column(target))
        for batch in raw.to_batches()
    ]
    return pa.Table.from_batches(batches)


def _prepare(use_case: UseCase, raw: pa.Table) -> pd.DataFrame:
    def prepared(chunk: int) -> pa.Table:
        batches = raw.to_batches(max_chunksize=chunk)
        return pa.Table.from_batches(list(DataPreparation(use_case).run(batches, seed=0)))

    whole = prepared(max(1, raw.num_rows))
    if not whole.equals(prepared(max(1, raw.num_rows))):
        raise UseCaseError(use_case.name, "prepare", "gives something else the second time")
    if not whole.equals(prepared(max(1, raw.num_rows // 7))):
        raise UseCaseError(
            use_case.name, "prepare", "depends on which rows come together; treat each on its own"
        )
    frame = to_frame(raw, use_case.schema)
    expected = to_frame(whole, use_case.schema)
    for row in range(min(ALONE, len(frame))):
        alone = prepare(use_case, frame.iloc[[row]].reset_index(drop=True))
        together = expected.iloc[[row]][list(alone.columns)].reset_index(drop=True)
        for name in alone.columns:
            if not _same(alone[name], together[name]):
                raise UseCaseError(
                    use_case.name, "prepare", f"{name} of a record alone differs from its batch"
                )
    return expected


def _learn(use_case: UseCase, algorithm: Algorithm, prepared: pd.DataFrame) -> None:
    try:
        clone(algorithm.curate())
    except Exception as error:
        step = f"curate of {algorithm.name}"
        raise UseCaseError(use_case.name, step, describe_failure(error)) from error
    transformer, curated = DataCuration(use_case, algorithm).run(prepared)
    fitted = ModelTraining(use_case, algorithm).run(curated)
    pipeline = pipeline_of(transformer, fitted.estimator)
    codec = SkopsModelCodec((use_case.module,) if use_case.module else ())
    content, types = codec.dumps(pipeline)
    records = prepared[list(use_case.schema.names)].reset_index(drop=True)
    many = answer(use_case, pipeline, fitted.threshold, records)
    again = answer(use_case, codec.loads(content, types), fitted.threshold, records)
    _compare(use_case, algorithm, many.decision, again.decision, "after it was persisted")
    for row in itertools.islice(range(len(records)), ALONE):
        alone = answer(use_case, pipeline, fitted.threshold, records.iloc[[row]])
        expected = many.decision[row : row + 1]
        _compare(use_case, algorithm, alone.decision, expected, "on a record alone")


def _compare(
    use_case: UseCase, algorithm: Algorithm, one: np.ndarray, other: np.ndarray, when: str
) -> None:
    if use_case.target.is_classification:
        same = bool((one == other).all())
    else:
        same = bool(np.allclose(one.astype(float), other.astype(float), rtol=1e-9, atol=1e-9))
    if not same:
        step = f"predict by {algorithm.name}"
        raise UseCaseError(use_case.name, step, f"the model answers differently {when}")


def _same(one: pd.Series, other: pd.Series) -> bool:
    left, right = one.isna().to_numpy(), other.isna().to_numpy()
    if (left != right).any():
        return False
    return bool((one[~left].to_numpy() == other[~left].to_numpy()).all())
