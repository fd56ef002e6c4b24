"""Curated data sets: the matrix that an algorithm reads, as rows on the volume."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa

from crispml_core.domain.datasets import SPLIT_COLUMN, SUBJECT_COLUMN, Stage
from crispml_core.governance.privacy import private_columns
from crispml_core.pipelines.workplace import Workplace
from crispml_core.tables.curated import CuratedData
from crispml_core.tables.schema import private_column

TRUTH_COLUMN, FEATURES_COLUMN = "crispml_truth", "crispml_features"
_NAMES_KEY = b"crispml_names"


def read_matrix(work: Workplace, curated_id: str) -> CuratedData:
    """Read a curated data set back as the matrix that was stored."""
    table = work.table(curated_id)
    if FEATURES_COLUMN in table.column_names:
        return _read_sealed(table)
    given = (work.use_case.record_key, SPLIT_COLUMN, TRUTH_COLUMN, SUBJECT_COLUMN)
    names = [name for name in table.column_names if name not in given]
    frame = table.select(names).to_pandas()
    return CuratedData(
        names=tuple(name.partition(":")[2] for name in names),
        X=frame.to_numpy(dtype="float64", copy=True),
        y=table.column(TRUTH_COLUMN).to_numpy(),
        split=table.column(SPLIT_COLUMN).to_pandas().to_numpy(dtype=str),
    )


def _read_sealed(table: pa.Table) -> CuratedData:
    field = table.schema.field(FEATURES_COLUMN)
    rows = table.column(FEATURES_COLUMN).to_pylist()
    return CuratedData(
        names=tuple(msgspec.json.decode(field.metadata[_NAMES_KEY])),
        X=np.array(rows, dtype=np.float64).reshape(len(rows), -1),
        y=table.column(TRUTH_COLUMN).to_numpy(),
        split=table.column(SPLIT_COLUMN).to_pandas().to_numpy(dtype=str),
    )


def store_matrix(
    work: Workplace, curated: CuratedData, prepared: pd.DataFrame, prepared_id: str, algorithm: str
) -> str:
    """Store a matrix with keys, split and truth, and return the id of the data set."""
    key = work.use_case.record_key
    columns: dict[str, Any] = {
        key: pa.array(prepared[key]),
        SPLIT_COLUMN: pa.array(curated.split.tolist(), pa.string()),
        TRUTH_COLUMN: pa.array(curated.y),
    }
    if SUBJECT_COLUMN in prepared:
        columns[SUBJECT_COLUMN] = pa.array(prepared[SUBJECT_COLUMN], pa.string())
    if work.data.is_sealed:
        table = pa.table(columns).append_column(*_one_cell_per_row(curated))
    else:
        for position, name in enumerate(curated.names):
            columns[f"{position}:{name}"] = pa.array(curated.X[:, position])
        table = pa.table(columns)
    if private_columns(work.use_case):  # what a curation made of private fields nobody can see
        marked = [private_column(each) if ":" in each.name else each for each in table.schema]
        table = table.cast(pa.schema(marked))
    writer = work.stores.datasets.writer(work.use_case.name, Stage.CURATED, work.run_id)
    try:
        for batch in table.to_batches(max_chunksize=65_536):
            writer.write(work.data.sealed(batch, [FEATURES_COLUMN]))
        return writer.publish(
            parents=(prepared_id,),
            parameters={"algorithm": algorithm, "use_case_digest": work.use_case.digest},
        ).id
    finally:
        writer.discard()


def _one_cell_per_row(curated: CuratedData) -> tuple[pa.Field, pa.Array]:
    """Return the matrix as one column: which of its columns are personal nobody knows."""
    kind = pa.list_(pa.float64())
    names = {_NAMES_KEY: msgspec.json.encode(curated.names)}
    return pa.field(FEATURES_COLUMN, kind, metadata=names), pa.array(curated.X.tolist(), kind)
