"""Which rows of two tables differ, paired by a key, in bounded memory.

The rows are taken in portions: those whose key has a certain remainder of its hash. Equal keys have
equal hashes, so a pair is always in one portion. A portion is compared exactly, value by value;
hashes only say which portion a row is in. Both tables are read once per portion, so time grows
with the size where memory does not.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.domain.dataset_diff import RowsDiff

CELLS_PER_PORTION = 8_000_000
"""Most values of one table that are held at once, by estimate."""

_PRIME, _MISSING = np.uint64(0x100000001B3), np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two tables.

    Parameters
    ----------
    rows : int
        How many it has.
    read : callable
        Gives the batches with the named columns, in that order, as often as it is called.
    """

    rows: int
    read: Callable[[Sequence[str]], Iterator[pa.RecordBatch]]


def diff_by_key(
    before: Side,
    after: Side,
    key: str,
    columns: Sequence[str],
    *,
    sample: int = 0,
    cells: int = CELLS_PER_PORTION,
) -> RowsDiff:
    """Pair the rows by `key` and compare `columns`.

    Parameters
    ----------
    columns : sequence of str
        Columns of both that may differ, without the key.
    sample : int
        How many record keys are shown, of each kind.
    """
    names = [key, *columns]
    portions = max(1, -(-max(before.rows, after.rows) * len(names) // cells))
    counts: Counter[str] = Counter()
    by_column: Counter[str] = Counter()
    kept: dict[str, list[str]] = {"added": [], "removed": [], "changed": []}
    for portion in range(portions):
        first, second = (_portion(side, names, portion, portions) for side in (before, after))
        (first, second), repeated = _unique(first, second, key)
        counts["repeated before"] += repeated[0]
        counts["repeated after"] += repeated[1]
        places = pc.index_in(first.column(key), value_set=_one(second.column(key)))
        found = pc.is_valid(places)
        added = second.filter(
            pc.invert(pc.is_in(second.column(key), value_set=_one(first.column(key))))
        )
        removed = first.filter(pc.invert(found))
        one, other = first.filter(found), second.take(pc.drop_null(places))
        differs = np.zeros(one.num_rows, bool)
        for name in columns:
            there = _differs(one.column(name), other.column(name))
            by_column[name] += int(there.sum())
            differs |= there
        counts["added"] += added.num_rows
        counts["removed"] += removed.num_rows
        counts["changed"] += int(differs.sum())
        counts["same"] += int((~differs).sum())
        if sample:
            changed = one.filter(pa.array(differs))
            for kind, rows in (("added", added), ("removed", removed), ("changed", changed)):
                kept[kind] = _smallest(kept[kind], rows.column(key), sample)
    return RowsDiff(
        matched_by=key,
        added=counts["added"],
        removed=counts["removed"],
        changed=counts["changed"],
        same=counts["same"],
        repeated=(counts["repeated before"], counts["repeated after"]),
        changed_by_column={name: n for name, n in by_column.items() if n},
        sample=kept if sample else {},
    )


def diff_by_content(before: Side, after: Side, columns: Sequence[str]) -> RowsDiff:
    """Compare whole rows as a multiset, for tables without a key: how many are only in one.

    Rows are compared by a 64-bit hash, which takes 8 bytes per row. Two different rows of n have
    the same one with a chance of about n² / 2^65.
    """
    values, counts = [], []
    for side in (before, after):
        parts = [_row_hashes(batch) for batch in side.read(columns)]
        hashes = np.concatenate(parts) if parts else np.empty(0, np.uint64)
        value, count = np.unique(hashes, return_counts=True)
        values.append(value)
        counts.append(count)
    _, one, other = np.intersect1d(values[0], values[1], assume_unique=True, return_indices=True)
    same = int(np.minimum(counts[0][one], counts[1][other]).sum())
    return RowsDiff(matched_by=None, added=after.rows - same, removed=before.rows - same, same=same)


def _portion(side: Side, names: Sequence[str], portion: int, portions: int) -> pa.Table:
    """Return the rows of a portion."""
    batches, schema = [], None
    for batch in side.read(names):
        schema = batch.schema
        if portions > 1:
            batch = batch.filter(pa.array(_hashes(batch.column(0)) % portions == portion))
        batches.append(batch)
    if schema is None:
        return pa.table({name: pa.array([], pa.string()) for name in names})
    return pa.Table.from_batches(batches, schema)


def _unique(
    first: pa.Table, second: pa.Table, key: str
) -> tuple[tuple[pa.Table, pa.Table], tuple[int, int]]:
    """Leave out the rows whose key is missing or occurs twice in either table."""
    if first.schema.field(key).type != second.schema.field(key).type:
        first, second = (
            table.set_column(0, key, table.column(key).cast(pa.string()))
            for table in (first, second)
        )
    twice: list[pa.Array] = []
    for table in (first, second):
        counts = pc.value_counts(_one(table.column(key)))
        often = pc.greater(counts.field("counts"), 1)
        twice.append(counts.field("values").filter(often))
    bad = pa.concat_arrays(twice)
    kept = []
    for table in (first, second):
        column = table.column(key)
        good = pc.and_(pc.is_valid(column), pc.invert(pc.is_in(column, value_set=bad)))
        kept.append(table.filter(good))
    lost = (first.num_rows - kept[0].num_rows, second.num_rows - kept[1].num_rows)
    return (kept[0], kept[1]), lost


def _differs(one: pa.ChunkedArray, other: pa.ChunkedArray) -> np.ndarray:
    """Say for each pair whether it differs; two missing values, or two NaN, do not."""
    left, right = _one(one), _one(other)
    if left.type != right.type:
        numbers = all(
            pa.types.is_integer(side.type) or pa.types.is_floating(side.type)
            for side in (left, right)
        )
        kind = pa.float64() if numbers else pa.string()
        left, right = left.cast(kind, safe=False), right.cast(kind, safe=False)
    equal = pc.fill_null(pc.equal(left, right), False)
    both_missing = pc.and_(pc.is_null(left, nan_is_null=True), pc.is_null(right, nan_is_null=True))
    differs: np.ndarray = ~pc.or_(equal, both_missing).to_numpy(zero_copy_only=False)
    return differs


def _one(column: pa.ChunkedArray) -> pa.Array:
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _hashes(values: pa.Array) -> np.ndarray:
    """Hash the texts of some values, so that a key of another type is in the same portion."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    texts = pc.fill_null(values.cast(pa.string()), "").to_numpy(zero_copy_only=False)
    hashes: np.ndarray = np.asarray(pd.util.hash_array(texts, categorize=False))
    return hashes


def _row_hashes(batch: pa.RecordBatch) -> np.ndarray:
    """Hash each row; how a column is stored in this batch (nulls, dictionary) makes no difference.

    The hashes of the columns are digits of a polynomial, modulo 2^64.
    """
    rows = np.zeros(batch.num_rows, np.uint64)
    for column in batch.columns:
        known = column.is_valid().to_numpy(zero_copy_only=False)
        rows = rows * _PRIME + np.where(known, _hashes(column), _MISSING)
    return rows


def _smallest(known: list[str], more: pa.ChunkedArray, size: int) -> list[str]:
    return heapq.nsmallest(size, [*known, *(str(key) for key in more.to_pylist())])
