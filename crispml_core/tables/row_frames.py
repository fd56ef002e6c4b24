"""Plain records as a pandas frame, with the types of `crispml_core.tables.frames.to_frame`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from crispml_core.domain.fields import Field


def rows_to_frame(rows: Sequence[tuple[Any, ...]], fields: Iterable[Field]) -> pd.DataFrame:
    """Return records as a frame.

    Parameters
    ----------
    rows : sequence of tuple
        Plain values in the order of the fields; None for missing.
    fields : iterable of Field
        The columns.
    """
    fields = tuple(fields)
    columns = zip(*rows, strict=True) if rows else [()] * len(fields)
    return pd.DataFrame(
        {
            field.name: _MAKERS[field.type](list(values), field)
            for field, values in zip(fields, columns, strict=True)
        },
        index=pd.RangeIndex(len(rows)),
    )


def _numbers(dtype: str) -> Callable[[list[Any], Field], Any]:
    def make(values: list[Any], field: Field) -> Any:
        if not field.nullable:
            return np.array(values, dtype=dtype)
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)

    return make


def _texts(values: list[Any], field: Field) -> Any:
    return pd.array(values, dtype="str")


def _moments(dtype: str) -> Callable[[list[Any], Field], Any]:
    return lambda values, field: pd.Series(values, dtype="object").astype(dtype)  # type: ignore[call-overload]


_MAKERS: dict[str, Callable[[list[Any], Field], Any]] = {
    "integer": _numbers("int64"),
    "number": _numbers("float64"),
    "boolean": _numbers("bool"),
    "string": _texts,
    "category": _texts,
    "date": _moments("datetime64[us]"),
    "datetime": _moments("datetime64[us, UTC]"),
}
