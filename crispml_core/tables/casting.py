"""One column of a source, whatever its type, as the Arrow type of its field.

Whole columns are cast at once. Only a column that holds something unfit is looked at value by
value, and the outcome for a value never depends on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.domain.fields import Field
from crispml_core.tables import decimals, parsing
from crispml_core.tables.schema import arrow_type

_TRUE = pa.array(["true", "yes", "t", "y", "1"])
_FALSE = pa.array(["false", "no", "f", "n", "0"])


@dataclass(frozen=True, slots=True)
class Cast:
    """A column in the type of its field; what does not fit is null.

    Parameters
    ----------
    values : pyarrow.Array
        The column.
    unfit, nan, infinite : ndarray of bool, optional
        The rows that could not be read as the type, that were NaN, that were infinite.
    """

    values: pa.Array
    unfit: np.ndarray | None = None
    nan: np.ndarray | None = None
    infinite: np.ndarray | None = None


def cast_column(values: pa.Array, field: Field) -> Cast:
    """Bring a column to the type of its field.

    Text is parsed. Numbers and truth values become text where text is declared: 1 and 1.0 give
    ``1``, True gives ``true``. A moment without a zone counts as UTC.
    """
    values = _plain(values)
    target = arrow_type(field)
    if pa.types.is_null(values.type):
        return Cast(pa.nulls(len(values), target))
    return _CASTS[field.type](values, target)


def _plain(values: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        values = values.cast(pa.string())
    return values


def _whole(values: pa.Array, target: pa.DataType) -> Cast:
    kind = values.type
    if pa.types.is_string(kind):
        # Arrow would read 0x1F as 31.
        hexadecimal = pc.any(pc.match_substring(values, "x", ignore_case=True)).as_py()
        return _parsed(values, target, parsing.whole, fast=not hexadecimal)
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        try:
            return Cast(values.cast(target))
        except pa.ArrowInvalid:
            if pa.types.is_decimal(kind):
                return _exactly_whole(values, target)
            values = values.cast(pa.float64(), safe=False)
    elif not pa.types.is_floating(kind):
        return _nothing(values, target)
    numbers, known = _numpy(values)
    # 2.0**63 is the first float64 above the largest integer of 64 bits.
    fits = known & (np.abs(numbers) < 2.0**63) & (np.floor(numbers) == numbers)
    whole = pa.array(np.where(fits, numbers, 0).astype(np.int64), mask=~fits)
    nan, infinite = np.isnan(numbers), np.isinf(numbers)
    return Cast(whole, known & ~fits & ~nan & ~infinite, known & nan, known & infinite)


def _exactly_whole(values: pa.Array, target: pa.DataType) -> Cast:
    """Read decimals of which some do not fit; as floats, large ones would become others."""
    whole = [
        int(value) if value is not None and value == int(value) and abs(value) < 2**63 else None
        for value in values.to_pylist()
    ]
    found = pa.array(whole, target)
    return Cast(found, _lost(values, found))


def _number(values: pa.Array, target: pa.DataType) -> Cast:
    kind = values.type
    if pa.types.is_string(kind):
        cast = _parsed(values, target, parsing.number)
        finite = _finite(cast.values)
        return Cast(finite.values, cast.unfit, finite.nan, finite.infinite)
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        return _finite(values.cast(target, safe=False))
    return _nothing(values, target)


def _finite(values: pa.Array) -> Cast:
    numbers, known = _numpy(values)
    if np.isfinite(numbers).all():
        return Cast(values)
    finite = np.isfinite(numbers)
    held = pa.array(numbers, mask=~(known & finite))
    return Cast(held, None, known & np.isnan(numbers), known & np.isinf(numbers))


def _text(values: pa.Array, target: pa.DataType) -> Cast:
    kind = values.type
    if pa.types.is_string(kind):
        return Cast(values)
    if pa.types.is_boolean(kind):
        return Cast(pc.if_else(values, "true", "false"))
    if pa.types.is_decimal(kind) and kind.scale > 0:
        exact = decimals.exact_texts(values)
        if exact is not None:
            rest = pc.if_else(exact.is_valid(), pa.scalar(None, kind), values)
            return Cast(
                pc.coalesce(exact, _text(rest.cast(pa.float64(), safe=False), target).values)
            )
        values = values.cast(pa.float64(), safe=False)
    if pa.types.is_floating(values.type):
        held = _finite(values.cast(pa.float64()))
        whole = _whole(held.values, pa.int64()).values
        text = pc.coalesce(whole.cast(target), held.values.cast(target))
        return Cast(text, None, held.nan, held.infinite)
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_temporal(kind):
        return Cast(values.cast(target))
    return _nothing(values, target)


def _truth(values: pa.Array, target: pa.DataType) -> Cast:
    kind = values.type
    if pa.types.is_boolean(kind):
        return Cast(values)
    cast = Cast(values)
    if pa.types.is_string(kind):
        text = pc.utf8_lower(pc.utf8_trim_whitespace(values))
        yes, no = pc.is_in(text, _TRUE), pc.is_in(text, _FALSE)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        cast = _finite(values.cast(pa.float64(), safe=False))
        yes, no = (pc.fill_null(pc.equal(cast.values, float(bit)), False) for bit in (1, 0))
    else:
        return _nothing(values, target)
    truth = pc.if_else(yes, True, pc.if_else(no, False, pa.scalar(None, target)))
    return Cast(truth, _lost(cast.values, truth), cast.nan, cast.infinite)


def _day(values: pa.Array, target: pa.DataType) -> Cast:
    kind = values.type
    if pa.types.is_string(kind):
        return _parsed(values, target, parsing.day)
    if pa.types.is_date(kind):
        return Cast(values.cast(target))
    if pa.types.is_timestamp(kind):
        # pandas and many drivers write a date as the midnight that starts it.
        days = values.cast(target, safe=False)
        midnight = pc.equal(
            days.cast(pa.timestamp(kind.unit)), values.cast(pa.timestamp(kind.unit))
        )
        days = pc.if_else(midnight, days, pa.scalar(None, target))
        return Cast(days, _lost(values, days))
    return _nothing(values, target)


def _moment(values: pa.Array, target: pa.DataType) -> Cast:
    kind = values.type
    if pa.types.is_string(kind):
        return _parsed(values, target, parsing.moment)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return Cast(values.cast(target, safe=False))
    return _nothing(values, target)


_CASTS: dict[str, Callable[[pa.Array, pa.DataType], Cast]] = {
    "integer": _whole,
    "number": _number,
    "string": _text,
    "category": _text,
    "boolean": _truth,
    "date": _day,
    "datetime": _moment,
}


def _parsed(
    values: pa.Array, target: pa.DataType, parse: Callable[[str], Any], *, fast: bool = True
) -> Cast:
    if fast:
        try:
            return Cast(values.cast(target))
        except pa.ArrowInvalid:
            pass
    encoded = values.dictionary_encode()
    parsed = pa.array([parse(text) for text in encoded.dictionary.to_pylist()], target)
    result = parsed.take(encoded.indices)
    return Cast(result, _lost(values, result))


def _nothing(values: pa.Array, target: pa.DataType) -> Cast:
    return Cast(pa.nulls(len(values), target), mask_of(values.is_valid()))


def _lost(before: pa.Array, after: pa.Array) -> np.ndarray | None:
    if after.null_count == before.null_count:
        return None
    return mask_of(pc.and_(before.is_valid(), after.is_null()))


def _numpy(values: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    numbers = pc.fill_null(values, 0.0).to_numpy(zero_copy_only=False)
    return numbers, mask_of(values.is_valid())


def mask_of(truth: pa.Array) -> np.ndarray:
    """Return a boolean Arrow array as numpy, null as False."""
    mask: np.ndarray = pc.fill_null(truth, False).to_numpy(zero_copy_only=False)
    return mask
