"""Columns of plain values that keep types, ranges and categories already, as Arrow arrays.

A typed JSON decoder has checked each value; what it cannot check is checked here, and a column in
doubt is None. Then the strict way decides (`crispml_core.tables.records`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa

from crispml_core.domain.fields import Field
from crispml_core.tables import parsing
from crispml_core.tables.clean_arrays import accept_array
from crispml_core.tables.schema import arrow_type

Values = Sequence[Any]
ToArray = Callable[[Values], pa.Array | None]


def array_maker(field: Field, *, is_key: bool = False) -> ToArray:
    """Return the function from the values of a field, None for missing, to their array.

    A category gets a dictionary, whose codes are what prediction and ledger work with.

    Examples
    --------
    >>> array_maker(Field("age", "integer"))([3, 4]).type
    DataType(int64)
    """
    match field.type:
        case "integer" | "number":
            return _numbers(field)
        case "boolean":
            return lambda values: pa.array(values, pa.bool_())
        case "category":
            return _categories(field)
        case "string":
            return _texts(field, is_key)
        case "date":
            return _read(field, parsing.day)
        case _:
            return _read(field, parsing.moment)


def _numbers(field: Field) -> ToArray:
    kind = arrow_type(field)
    plain = np.int64 if field.type == "integer" else np.float64

    def make(values: Values) -> pa.Array:
        if field.nullable and None in values:
            return pa.array(values, kind)
        # Half the time of `pa.array`, which asks each value for its type first.
        return pa.array(np.fromiter(values, plain, len(values)))

    return make


def _categories(field: Field) -> ToArray:
    dictionary = pa.array(field.values, pa.string())
    codes: dict[str | None, int] = {value: code for code, value in enumerate(field.values)}
    missing = len(codes)
    if field.nullable:
        codes[None] = missing
    is_short = missing < 256

    def make(values: Values) -> pa.Array:
        # All at once; twice the last, because of one value itemgetter gives no tuple.
        found = itemgetter(*values, values[-1])(codes)
        if is_short:  # bytes are made faster than an array of numbers
            places = np.frombuffer(bytes(found), np.uint8, len(values)).astype(np.int32)
        else:
            places = np.fromiter(found, np.int32, len(values))
        absent = places == missing if field.nullable else None
        if absent is not None and absent.any():
            places[absent] = 0
            return pa.DictionaryArray.from_arrays(pa.array(places, mask=absent), dictionary)
        return pa.DictionaryArray.from_arrays(pa.array(places), dictionary)

    return make


def _texts(field: Field, is_key: bool) -> ToArray:
    def make(values: Values) -> pa.Array | None:
        array = pa.array(values, pa.string())
        if accept_array(array, field, is_key=is_key) is not None:
            return array
        # Lengths are checked already, and were measured in bytes here.
        known = [value for value in values if value is not None]
        if "\0" in "".join(known) or (is_key and not all(map(str.strip, known))):
            return None
        return array

    return make


def _read(field: Field, parse: Callable[[str], Any]) -> ToArray:
    kind = arrow_type(field)

    def make(values: Values) -> pa.Array | None:
        read = [None if value is None else parse(value) for value in values]
        return None if read.count(None) > values.count(None) else pa.array(read, kind)

    return make
