"""Whole Arrow columns that keep every rule, accepted with a few vector operations.

What is not accepted here is not wrong yet: `crispml_core.tables.conform` then finds out, row by
row. An accepted column has the Arrow type of its field; texts other than the record key keep their
dictionary if they came with one.
"""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.domain.fields import MAX_KEY_LENGTH, Field
from crispml_core.tables.schema import arrow_type

TEXT_CODES = pa.dictionary(pa.int32(), pa.string())
"""The type of a text column that kept its dictionary."""


def accept_array(values: pa.Array, field: Field, *, is_key: bool = False) -> pa.Array | None:
    """Return a column as the type of its field, or None when single rows must be looked at.

    Examples
    --------
    >>> accept_array(pa.array([1, 2]), Field("age", "integer", minimum=0)).type
    DataType(int64)
    >>> accept_array(pa.array([1, -2]), Field("age", "integer", minimum=0)) is None
    True
    """
    if values.null_count and not field.nullable:
        return None
    if not len(values):
        return None
    if field.is_numeric:
        return _numbers(values, field)
    if field.type in ("category", "string"):
        return _texts(values, field, is_key)
    return values if values.type == arrow_type(field) else None


def _numbers(values: pa.Array, field: Field) -> pa.Array | None:
    kind, target = values.type, arrow_type(field)
    if kind != target:
        exact = pa.types.is_integer(kind) and kind != pa.uint64()
        if not exact and not (pa.types.is_floating(kind) and pa.types.is_float64(target)):
            return None
        values = values.cast(target, safe=False)
    if values.null_count:
        known = values.drop_null()
        if not len(known):
            return values
        numbers = known.to_numpy()
    else:
        numbers = values.to_numpy()
    least, most = numbers.min().item(), numbers.max().item()
    # Python compares whole numbers with floats exactly; NaN compares with nothing.
    low = -math.inf if field.minimum is None else field.minimum
    high = math.inf if field.maximum is None else field.maximum
    is_finite = math.isfinite(least) and math.isfinite(most)
    return values if is_finite and low <= least and most <= high else None


def _texts(values: pa.Array, field: Field, is_key: bool) -> pa.Array | None:
    if not pa.types.is_dictionary(values.type):
        return _plain_texts(values, field, is_key)
    texts = values.dictionary
    if texts.null_count:
        return None
    if len(texts):
        accepted = _plain_texts(texts, field, is_key)
        if accepted is None:
            return None
        texts = accepted
    elif texts.type != pa.string():
        texts = texts.cast(pa.string())
    if is_key:
        # Keys differ, and after the check none of them is long.
        return texts.take(values.indices)
    if values.type == TEXT_CODES and texts is values.dictionary:
        return values
    return pa.DictionaryArray.from_arrays(values.indices.cast(pa.int32()), texts)


def _plain_texts(values: pa.Array, field: Field, is_key: bool) -> pa.Array | None:
    kind = values.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        values = values.cast(pa.string())
    elif not pa.types.is_string(kind):
        return None
    if field.type == "category":
        allowed = pc.is_in(values, value_set=pa.array(field.values))
        return values if allowed.true_count == len(values) - values.null_count else None
    longest = min(field.max_length, MAX_KEY_LENGTH) if is_key else field.max_length
    return values if _are_fit(values, longest, is_key) else None


def _are_fit(values: pa.Array, longest: int, is_key: bool) -> bool:
    """Whether texts are short enough in bytes, hold no NUL and, as keys, begin visibly."""
    _, offsets, data = values.buffers()
    edges = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
    lengths = np.diff(edges)
    if lengths.max() > longest:
        return False
    first, last = int(edges[0]), int(edges[-1])
    content = np.frombuffer(data, np.uint8)[first:last] if last > first else np.empty(0, np.uint8)
    if len(content) and not content.min():
        return False
    if not is_key:
        return True
    if not lengths.min():
        return False
    begins = content[edges[:-1] - first]
    return bool(begins.min() > ord(" ") and begins.max() < 127)
