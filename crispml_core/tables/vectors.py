"""Expressions on columns of numpy arrays.

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

from crispml_core.domain.expressions import Call, Expression, FieldRef, Literal

Column = tuple[np.ndarray, np.ndarray]
"""Values (float64, bool or object) and whether each is known."""

ALL = np.array(True)


def compute(expression: Expression, column: Callable[[str], Column], rows: int) -> Column:
    """Compute an expression for every row.

    Parameters
    ----------
    expression : Expression
        What to compute.
    column : callable
        Gives a field by name. A number that is not known must be finite all the same, a text that
        is not known must be a text.
    rows : int
        How many rows there are.
    """
    with np.errstate(all="ignore"):
        values, known = _column(expression, column)
    return np.broadcast_to(values, rows), np.broadcast_to(known, rows)


def finite(values: np.ndarray, known: np.ndarray) -> Column:
    """Return a column in which what is not finite is not known."""
    known = known & np.isfinite(values)
    return np.where(known, values, 0.0), known


def _column(expression: Expression, column: Callable[[str], Column]) -> Column:
    match expression:
        case Literal(value=str() as text):
            return np.array(text, dtype=object), ALL
        case Literal(value=value):
            return np.array(value), ALL
        case FieldRef(name=name):
            return column(name)
        case Call(function=function, arguments=arguments):
            return _FUNCTIONS[function](*(_column(argument, column) for argument in arguments))
    raise TypeError(f"not an expression: {type(expression).__name__}")


def _arithmetic(function: Callable[..., np.ndarray]) -> Callable[..., Column]:
    def apply(*columns: Column) -> Column:
        known = reduce(np.logical_and, (known for _, known in columns))
        return finite(function(*(values for values, _ in columns)), known)

    return apply


def _comparison(function: Callable[..., np.ndarray]) -> Callable[..., Column]:
    def apply(left: Column, right: Column) -> Column:
        result = np.asarray(function(left[0], right[0])).astype(bool)
        return result & left[1] & right[1], ALL

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
    "both": lambda a, b: (_true(a) & _true(b), ALL),
    "either": lambda a, b: (_true(a) | _true(b), ALL),
    "negation": lambda a: (~a[0].astype(bool) & a[1], ALL),
    "starts_with": _comparison(_begins),
    "is_missing": lambda a: (~np.asarray(a[1]), ALL),
    "coalesce": _coalesce,
    "where": _where,
}
