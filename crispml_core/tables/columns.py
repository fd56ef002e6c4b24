"""Expressions on the columns of a pandas frame.

Every result equals that of `crispml_core.domain.expressions.compile_scalar` on each record. Values
travel as a pair: an array, and a truth value per row that says whether the value is known.
Logarithms come from Python's ``math``: the vectorised ones of numpy differ in the last bit on some
machines, and a derived field must not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce

import numpy as np
import pandas as pd

from crispml_core.domain.expressions import FUNCTIONS, Call, Expression, FieldRef, Kind, Literal

Column = tuple[np.ndarray, np.ndarray]

_ALL = np.array(True)


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
    with np.errstate(all="ignore"):
        values, known = _column(expression, frame)
    values = np.broadcast_to(values, len(frame))
    known = np.broadcast_to(known, len(frame))
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


def _column(expression: Expression, frame: pd.DataFrame) -> Column:
    match expression:
        case Literal(value=str() as text):
            return np.array(text, dtype=object), _ALL
        case Literal(value=value):
            return np.array(value), _ALL
        case FieldRef(name=name):
            return _field(frame[name])
        case Call(function=function, arguments=arguments):
            return _FUNCTIONS[function](*(_column(argument, frame) for argument in arguments))
    raise TypeError(f"not an expression: {type(expression).__name__}")


def _field(series: pd.Series) -> Column:
    if series.dtype == bool:
        return series.to_numpy(), _ALL
    if pd.api.types.is_numeric_dtype(series.dtype):
        return _finite(series.to_numpy(dtype=np.float64, na_value=np.nan), _ALL)
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


def _finite(values: np.ndarray, known: np.ndarray) -> Column:
    known = known & np.isfinite(values)
    return np.where(known, values, 0.0), known


def _arithmetic(function: Callable[..., np.ndarray]) -> Callable[..., Column]:
    def apply(*columns: Column) -> Column:
        known = reduce(np.logical_and, (known for _, known in columns))
        return _finite(function(*(values for values, _ in columns)), known)

    return apply


def _comparison(function: Callable[..., np.ndarray]) -> Callable[..., Column]:
    def apply(left: Column, right: Column) -> Column:
        result = np.asarray(function(left[0], right[0])).astype(bool)
        return result & left[1] & right[1], _ALL

    return apply


def _exact(function: Callable[[float], float], above: float) -> Callable[[np.ndarray], np.ndarray]:
    """Apply a function of ``math`` where its argument is above a bound, and give NaN elsewhere."""

    def apply(values: np.ndarray) -> np.ndarray:
        values = np.atleast_1d(values)
        defined = values > above
        result = np.full(values.shape, np.nan)
        arguments = values[defined].tolist()
        result[defined] = np.fromiter(map(function, arguments), np.float64, len(arguments))
        return result

    return apply


def _choose(condition: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.where(condition, left, right)


def _true(column: Column) -> np.ndarray:
    result: np.ndarray = column[0].astype(bool) & column[1]
    return result


def _where(condition: Column, left: Column, right: Column) -> Column:
    chosen = _true(condition)
    return _choose(chosen, left[0], right[0]), _choose(chosen, left[1], right[1])


def _coalesce(left: Column, right: Column) -> Column:
    return _choose(left[1], left[0], right[0]), left[1] | right[1]


_begins = np.frompyfunc(str.startswith, 2, 1)

_FUNCTIONS: dict[str, Callable[..., Column]] = {
    "add": _arithmetic(np.add),
    "subtract": _arithmetic(np.subtract),
    "multiply": _arithmetic(np.multiply),
    "divide": _arithmetic(np.divide),
    "negate": _arithmetic(np.negative),
    "abs": _arithmetic(np.abs),
    "log": _arithmetic(_exact(math.log, 0.0)),
    "log1p": _arithmetic(_exact(math.log1p, -1.0)),
    "sqrt": _arithmetic(np.sqrt),
    "floor": _arithmetic(np.floor),
    "least": _arithmetic(lambda a, b: _choose(b < a, b, a)),
    "greatest": _arithmetic(lambda a, b: _choose(b > a, b, a)),
    "eq": _comparison(np.equal),
    "ne": _comparison(np.not_equal),
    "lt": _comparison(np.less),
    "le": _comparison(np.less_equal),
    "gt": _comparison(np.greater),
    "ge": _comparison(np.greater_equal),
    "both": lambda a, b: (_true(a) & _true(b), _ALL),
    "either": lambda a, b: (_true(a) | _true(b), _ALL),
    "negation": lambda a: (~a[0].astype(bool) & a[1], _ALL),
    "starts_with": _comparison(_begins),
    "is_missing": lambda a: (~np.asarray(a[1]), _ALL),
    "coalesce": _coalesce,
    "where": _where,
}
