"""Label columns that are surely right, accepted as a whole.

Whatever is in doubt is left to `crispml_core.tables.label_entries`, which looks at each row and
explains (decision 12 has the same idea for records).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.domain.fields import MAX_KEY_LENGTH
from crispml_core.domain.labels import CLOCK_TOLERANCE
from crispml_core.domain.targets import Target
from crispml_core.tables.label_entries import ENTRIES, MAX_SOURCE
from crispml_core.tables.label_table import LABELS, MOMENT

_UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_NAMES = frozenset(ENTRIES)
# Arrow knows moments before it, Python does not.
_FIRST = pa.scalar(datetime.min.replace(tzinfo=UTC), MOMENT)


class _InDoubt(Exception):
    """Says that the columns need a look at each row."""


def columns_of(rows: Sequence[Any]) -> dict[str, pa.Array] | None:
    """Return the entries of rows as columns; None when they do not fit into some."""
    if set(map(type, rows)) != {dict}:
        return None
    names: set[str] = set().union(*rows)
    if not names <= _NAMES:
        return None
    try:
        return {name: pa.array([row.get(name) for row in rows]) for name in names}
    except (pa.ArrowException, OverflowError, UnicodeEncodeError):
        return None


def accepted(
    columns: Mapping[str, pa.Array], rows: int, target: Target, received_at: datetime
) -> pa.RecordBatch | None:
    """Return a batch of `LABELS`, or None when a row may be wrong.

    Parameters
    ----------
    columns : mapping of Array
        By name, any of `ENTRIES`.
    rows : int
        How many there are.
    target : Target
        What a truth is.
    received_at : datetime
        See `crispml_core.tables.label_entries.LabelRows`.
    """
    try:
        return _batch(columns, rows, target, received_at)
    except (_InDoubt, pa.ArrowException):
        return None


def _batch(
    given: Mapping[str, pa.Array], rows: int, target: Target, received_at: datetime
) -> pa.RecordBatch:
    latest = pa.scalar(received_at + CLOCK_TOLERANCE, MOMENT)
    score_id = _texts(given.get("score_id"), rows)
    record_key = _keys(given.get("record_key"), rows)
    scored_until = _moments(given.get("scored_until"), rows, latest)
    _need(pc.xor(pc.is_valid(score_id), pc.is_valid(record_key)))
    _need(pc.match_substring_regex(score_id, _UUID))
    _need(pc.or_(pc.is_null(scored_until), pc.is_valid(record_key)))
    value_text, value_number = _values(given.get("label"), rows, target)
    source = _texts(given.get("source"), rows)
    _need(pc.less_equal(pc.utf8_length(source), MAX_SOURCE))
    _need(pc.invert(pc.match_substring(source, "\0")))
    propensity = _numbers(given.get("propensity"), rows)
    _need(pc.and_(pc.greater(propensity, 0.0), pc.less_equal(propensity, 1.0)))
    found = {
        "score_id": score_id,
        "record_key": record_key,
        "scored_until": scored_until,
        "value_text": value_text,
        "value_number": value_number,
        "label_time": pc.fill_null(
            _moments(given.get("label_time"), rows, latest), pa.scalar(received_at, MOMENT)
        ),
        "source": pc.fill_null(source, ""),
        "propensity": propensity,
    }
    return pa.RecordBatch.from_arrays([found[name] for name in LABELS.names], schema=LABELS)


def _need(rule: pa.Array) -> None:
    """Raise unless a rule holds for every row where it can be asked."""
    if pc.all(rule, min_count=0).as_py() is False:
        raise _InDoubt


def _texts(column: pa.Array | None, rows: int) -> pa.Array:
    if column is None or pa.types.is_null(column.type):
        return pa.nulls(rows, pa.string())
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise _InDoubt
    return column.cast(pa.string())


def _keys(column: pa.Array | None, rows: int) -> pa.Array:
    if column is not None and pa.types.is_integer(column.type):
        column = column.cast(pa.string())
    texts = _texts(column, rows)
    lengths = pc.utf8_length(texts)
    _need(pc.and_(pc.greater(lengths, 0), pc.less_equal(lengths, MAX_KEY_LENGTH)))
    _need(pc.invert(pc.match_substring(texts, "\0")))
    return texts


def _moments(column: pa.Array | None, rows: int, latest: pa.Scalar) -> pa.Array:
    if column is None or pa.types.is_null(column.type):
        return pa.nulls(rows, MOMENT)
    if pa.types.is_timestamp(column.type):
        if column.type.tz is None:
            raise _InDoubt
        # Of nanoseconds the last digits are cut off; larger units could go round and round.
        moments = column.cast(MOMENT, safe=column.type.unit != "ns")
    else:
        moments = _texts(column, rows).cast(MOMENT)
    _need(pc.and_(pc.less_equal(moments, latest), pc.greater_equal(moments, _FIRST)))
    return moments


def _numbers(column: pa.Array | None, rows: int) -> pa.Array:
    if column is None or pa.types.is_null(column.type):
        return pa.nulls(rows, pa.float64())
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise _InDoubt
    return column.cast(pa.float64())


def _values(column: pa.Array | None, rows: int, target: Target) -> tuple[pa.Array, pa.Array]:
    """Return the truth as text, and for regression as a number too."""
    if column is None or column.null_count:
        raise _InDoubt
    if not target.is_classification:
        numbers = _numbers(column, rows)
        _need(pc.is_finite(numbers))
        if target.minimum is not None:
            _need(pc.greater_equal(numbers, target.minimum))
        if target.maximum is not None:
            _need(pc.less_equal(numbers, target.maximum))
        # Python's digits, because these texts are compared with those that are stored.
        return pa.array(map(str, numbers.to_pylist()), pa.string()), numbers
    if pa.types.is_floating(column.type):
        column = column.cast(pa.int64())  # refused where it is not whole
    if pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
        column = column.cast(pa.string())
    texts = _texts(column, rows)
    _need(pc.is_in(texts, pa.array(target.values, pa.string())))
    return texts, pa.nulls(rows, pa.float64())
