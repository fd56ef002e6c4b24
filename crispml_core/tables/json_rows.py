"""Rows of a frame as the JSON records that a scoring request carries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from crispml_core.domain.fields import Field


def to_records(frame: pd.DataFrame, fields: Iterable[Field]) -> list[dict[str, Any]]:
    """Return one dict per row with plain Python values: None for missing, ISO 8601 for dates."""
    columns = {field.name: _plain(frame[field.name], field) for field in fields}
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


# How a value of each type is written; anything else is text.
_WRITERS: dict[str, Callable[[Any], Any]] = {
    "integer": int,
    "number": float,
    "boolean": bool,
    "date": lambda value: value.date().isoformat(),
    "datetime": lambda value: value.isoformat(),
}


def _plain(column: pd.Series, field: Field) -> list[Any]:
    write = _WRITERS.get(field.type, str)
    missing = column.isna()
    return [
        None if gone else write(value) for value, gone in zip(column.tolist(), missing, strict=True)
    ]
