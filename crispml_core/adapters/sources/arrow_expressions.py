"""Expressions as Arrow compute calls, on columns in memory or on the fields of a Parquet scan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.expressions import Call, Expression, FieldRef, Literal

# An Arrow array, a scalar or a pyarrow.compute.Expression: the compute functions take them all.
Value = Any

_NO_NUMBER = pa.scalar(None, pa.float64())
_FALSE = pa.scalar(False)


def to_arrow(expression: Expression, columns: Mapping[str, Value]) -> Value:
    """Apply an expression to columns.

    Parameters
    ----------
    expression : Expression
        What to compute. Null is missing.
    columns : mapping of str to pyarrow.Array or pyarrow.compute.Expression
        The fields it reads, see `number_column` and `text_column`.

    Returns
    -------
    pyarrow.Array, pyarrow.Scalar or pyarrow.compute.Expression
        Of the kind of the columns; a scalar when the expression reads no field.
    """
    match expression:
        case Literal(value=value):
            return pa.scalar(value)
        case FieldRef(name=name):
            return columns[name]
        case Call(function=function, arguments=arguments):
            return _FUNCTIONS[function](*(to_arrow(part, columns) for part in arguments))
    raise TypeError(f"not an expression: {type(expression).__name__}")


def as_field(column: Value, kind: pa.DataType) -> Value:
    """Return a column of the record schema as expressions see it: float64, text or truth value."""
    if pa.types.is_integer(kind):
        return column.cast(pa.float64(), safe=False)
    if pa.types.is_floating(kind):
        return _finite(column)
    if pa.types.is_date(kind):
        return column.cast(pa.string())
    if pa.types.is_timestamp(kind):
        text = pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ")
        return pc.replace_substring(text, pattern=".000000Z", replacement="Z")
    return column


def _finite(value: Value) -> Value:
    return pc.if_else(pc.is_finite(value), value, _NO_NUMBER)


def _arithmetic(function: Callable[..., Value]) -> Callable[..., Value]:
    return lambda *values: _finite(function(*values))


def _known(function: Callable[..., Value]) -> Callable[..., Value]:
    return lambda *values: pc.coalesce(function(*values), _FALSE)


def _true(value: Value) -> Value:
    return pc.coalesce(value, _FALSE)


def _starts_with(text: Value, start: Value) -> Value:
    if isinstance(start, pa.Scalar):
        return pc.starts_with(text, pattern=start.as_py())
    if isinstance(text, pc.Expression) or isinstance(start, pc.Expression):
        raise InvalidInput("starts_with needs a constant as its second argument in a scan")
    if isinstance(text, pa.Scalar):
        text = pa.array([text.as_py()] * len(start), pa.string())
    pairs = zip(text.to_pylist(), start.to_pylist(), strict=True)
    begins = [None if None in pair else pair[0].startswith(pair[1]) for pair in pairs]
    return pa.array(begins, pa.bool_())


_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "add": _arithmetic(pc.add),
    "subtract": _arithmetic(pc.subtract),
    "multiply": _arithmetic(pc.multiply),
    "divide": _arithmetic(pc.divide),
    "negate": _arithmetic(pc.negate),
    "abs": _arithmetic(pc.abs),
    "log": _arithmetic(pc.ln),
    "log1p": _arithmetic(pc.log1p),
    "sqrt": _arithmetic(pc.sqrt),
    "floor": _arithmetic(pc.floor),
    "least": _arithmetic(lambda a, b: pc.if_else(pc.less(b, a), b, a)),
    "greatest": _arithmetic(lambda a, b: pc.if_else(pc.greater(b, a), b, a)),
    "eq": _known(pc.equal),
    "ne": _known(pc.not_equal),
    "lt": _known(pc.less),
    "le": _known(pc.less_equal),
    "gt": _known(pc.greater),
    "ge": _known(pc.greater_equal),
    "both": lambda a, b: pc.and_kleene(_true(a), _true(b)),
    "either": lambda a, b: pc.or_kleene(_true(a), _true(b)),
    "negation": _known(pc.invert),
    "starts_with": _known(_starts_with),
    "is_missing": lambda a: pc.is_null(a),
    "coalesce": pc.coalesce,
    "where": lambda condition, a, b: pc.if_else(_true(condition), a, b),
}
