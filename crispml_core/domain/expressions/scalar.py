"""Expressions on one record: a tree of closures, a few hundred nanoseconds per node, no library."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from crispml_core.domain.expressions.tree import Call, Expression, FieldRef, Literal

Record = Mapping[str, Any]
Scalar = Callable[[Record], Any]


def _finite(function: Callable[..., float]) -> Callable[..., float | None]:
    """Wrap arithmetic so that a missing argument or a result that is not finite gives None."""

    def apply(*values: float | None) -> float | None:
        if None in values:
            return None
        try:
            result = function(*values)
        except (ZeroDivisionError, ValueError, OverflowError):
            return None
        return result if math.isfinite(result) else None

    return apply


def _known(function: Callable[..., bool]) -> Callable[..., bool]:
    """Wrap a comparison so that a missing argument gives False."""

    def apply(*values: Any) -> bool:
        return None not in values and function(*values)

    return apply


_EAGER: dict[str, Callable[..., Any]] = {
    "add": _finite(lambda a, b: a + b),
    "subtract": _finite(lambda a, b: a - b),
    "multiply": _finite(lambda a, b: a * b),
    "divide": _finite(lambda a, b: a / b),
    "negate": _finite(lambda a: -a),
    "abs": _finite(abs),
    "log": _finite(math.log),
    "log1p": _finite(math.log1p),
    "sqrt": _finite(math.sqrt),
    "floor": _finite(lambda a: float(math.floor(a))),
    "least": _finite(min),
    "greatest": _finite(max),
    "eq": _known(lambda a, b: a == b),
    "ne": _known(lambda a, b: a != b),
    "lt": _known(lambda a, b: a < b),
    "le": _known(lambda a, b: a <= b),
    "gt": _known(lambda a, b: a > b),
    "ge": _known(lambda a, b: a >= b),
    "both": _known(lambda a, b: a and b),
    "either": lambda a, b: a is True or b is True,
    "negation": _known(lambda a: not a),
    "starts_with": _known(lambda a, b: a.startswith(b)),
    "is_missing": lambda a: a is None,
    "coalesce": lambda a, b: b if a is None else a,
    "where": lambda condition, a, b: a if condition is True else b,
}


def compile_scalar(expression: Expression) -> Scalar:
    """Turn an expression into a function of one record.

    The record maps field names to plain Python values: float (or int), str, bool or None. A float
    NaN counts as missing.

    Examples
    --------
    >>> from crispml_core.domain.expressions import field
    >>> compile_scalar(field("amount") / field("months"))({"amount": 1200, "months": 12})
    100.0
    """
    match expression:
        case Literal(value=value):
            return lambda record: value
        case FieldRef(name=name):
            return lambda record: _plain(record[name])
        case Call(function=function, arguments=arguments):
            apply = _EAGER[function]
            parts = [compile_scalar(argument) for argument in arguments]
            if len(parts) == 1:
                (only,) = parts
                return lambda record: apply(only(record))
            if len(parts) == 2:
                left, right = parts
                return lambda record: apply(left(record), right(record))
            return lambda record: apply(*(part(record) for part in parts))
    raise TypeError(f"not an expression: {type(expression).__name__}")


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        number = float(value)
        return number if math.isfinite(number) else None
    return value
