"""Expressions on the columns of a pandas frame; see `crispml_core.tables.vectors`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crispml_core.domain.expressions import FUNCTIONS, Call, Expression, FieldRef, Kind
from crispml_core.tables.vectors import ALL, Column, compute, finite


def evaluate(expression: Expression, frame: pd.DataFrame) -> np.ndarray:
    """Compute an expression for every row.

    Parameters
    ----------
    expression : Expression
        What to compute.
    frame : pandas.DataFrame
        The fields it reads, as `crispml_core.tables.frames.to_frame` makes them.

    Returns
    -------
    ndarray of shape (n_rows,)
        Numbers as float64, missing as NaN; text as objects, missing as None; truth values as bool,
        or as float64 with 1, 0 and NaN when the expression may be missing. The dtype follows from
        the expression and the dtypes of the frame, never from the rows.
    """
    values, known = compute(expression, lambda name: _field(frame[name]), len(frame))
    if values.dtype == object:
        result = np.full(len(frame), None, dtype=object)
        result[known] = values[known]
        return result
    if values.dtype == bool and not may_be_missing(expression, frame):
        return values.copy()
    return np.where(known, values.astype(np.float64), np.nan)


def may_be_missing(expression: Expression, frame: pd.DataFrame) -> bool:
    """Whether the expression can be missing for some row of a frame with these dtypes."""
    match expression:
        case FieldRef(name=name):
            return bool(frame[name].dtype != bool)
        case Call(function="where", arguments=(_, left, right)):
            return may_be_missing(left, frame) or may_be_missing(right, frame)
        case Call(function="coalesce", arguments=(left, right)):
            return may_be_missing(left, frame) and may_be_missing(right, frame)
        case Call(function=function):
            return FUNCTIONS[function].result is not Kind.TRUTH
    return False


def _field(series: pd.Series) -> Column:
    if series.dtype == bool:
        return series.to_numpy(), ALL
    if pd.api.types.is_numeric_dtype(series.dtype):
        return finite(series.to_numpy(dtype=np.float64, na_value=np.nan), ALL)
    known = series.notna().to_numpy()
    if isinstance(series.dtype, np.dtype | pd.DatetimeTZDtype) and series.dtype.kind == "M":
        return _iso(series), known
    return np.where(known, series.to_numpy(dtype=object), ""), known


def _iso(series: pd.Series) -> np.ndarray:
    """Return dates as 2024-01-31, moments as 2024-01-31T12:00:00Z with microseconds if any."""
    if series.dt.tz is None:
        return np.datetime_as_string(series.to_numpy(), unit="D").astype(object)
    moments = series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    text = np.datetime_as_string(moments, unit="us")
    return np.strings.add(np.strings.replace(text, ".000000", ""), "Z").astype(object)
