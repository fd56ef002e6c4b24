"""Bodies that several servers share."""

from __future__ import annotations

import io
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.adult.columns import FEATURES

to_json, from_json = msgspec.json.encode, msgspec.json.decode


def records(frame: pd.DataFrame, columns: tuple[str, ...] = FEATURES) -> list[dict[str, Any]]:
    """Return rows as dictionaries of plain values."""
    values = [frame[name].tolist() for name in columns]
    return [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]


def csv(frame: pd.DataFrame, columns: tuple[str, ...] = FEATURES) -> bytes:
    """Return rows as CSV with a header."""
    return frame[list(columns)].to_csv(index=False).encode()


def parquet(frame: pd.DataFrame, columns: tuple[str, ...] = FEATURES) -> bytes:
    """Return rows as a Parquet file."""
    sink = io.BytesIO()
    table = pa.Table.from_pandas(frame[list(columns)], preserve_index=False)
    pq.write_table(table, sink)
    return sink.getvalue()


def v2_inputs(frame: pd.DataFrame, columns: tuple[str, ...] = FEATURES) -> list[dict[str, Any]]:
    """Return columns as inputs of the Open Inference Protocol."""
    return [
        {
            "name": name,
            "shape": [len(frame), 1],
            "datatype": "INT64" if pd.api.types.is_integer_dtype(frame[name]) else "BYTES",
            "data": frame[name].tolist(),
        }
        for name in columns
    ]


def second_column(rows: Any) -> np.ndarray:
    """Return the second of two probabilities per row."""
    return np.asarray(rows, float).reshape(-1, 2)[:, 1]
