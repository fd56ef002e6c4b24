"""The rows that differ are found exactly, however small the portions are."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.tables.difference import Side, diff_by_content, diff_by_key

CELLS = st.one_of(st.none(), st.integers(0, 3))
ROWS = st.lists(st.tuples(st.one_of(st.none(), st.sampled_from("abcdefgh")), CELLS, CELLS))

WHOLE = pa.int64()


def table(rows, number=WHOLE):
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return pa.table(
        {
            "key": pa.array(columns[0], pa.string()),
            "x": pa.array(columns[1], number),
            "y": pa.array([None if v is None else f"t{v}" for v in columns[2]], pa.string()),
        }
    )


def side(rows, number=WHOLE):
    found = table(rows, number)
    return Side(
        len(rows),
        lambda names: iter(found.select(list(names)).to_batches(max_chunksize=3)),
    )


def naive(before, after):
    """Compare row by row in plain Python."""
    counts = [Counter(row[0] for row in rows) for rows in (before, after)]
    bad = {key for count in counts for key, n in count.items() if n > 1 or key is None}
    first, second = (
        {row[0]: row[1:] for row in rows if row[0] not in bad} for rows in (before, after)
    )
    both = first.keys() & second.keys()
    changed = {key for key in both if first[key] != second[key]}
    return {
        "added": sorted(second.keys() - both),
        "removed": sorted(first.keys() - both),
        "changed": sorted(changed),
        "same": len(both) - len(changed),
        "repeated": tuple(sum(row[0] in bad for row in rows) for rows in (before, after)),
        "by_column": {
            name: n
            for place, name in enumerate(("x", "y"))
            if (n := sum(first[key][place] != second[key][place] for key in both))
        },
    }


@given(before=ROWS, after=ROWS, cells=st.sampled_from([3, 7, 10_000]))
def test_the_difference_is_that_of_a_plain_comparison(before, after, cells):
    found = diff_by_key(side(before), side(after), "key", ["x", "y"], sample=50, cells=cells)
    expected = naive(before, after)
    for kind in ("added", "removed", "changed"):
        assert found.sample[kind] == expected[kind]
        assert getattr(found, kind) == len(expected[kind])
    assert found.same == expected["same"]
    assert found.repeated == expected["repeated"]
    assert found.changed_by_column == expected["by_column"]


@given(before=ROWS, after=ROWS)
def test_without_a_key_whole_rows_are_counted(before, after):
    found = diff_by_content(side(before), side(after), ["key", "x", "y"])
    first, second = Counter(before), Counter(after)
    assert found.added == (second - first).total()
    assert found.removed == (first - second).total()
    assert found.same == (first & second).total()
    assert (found.matched_by, found.sample) == (None, {})


def test_a_number_in_another_type_is_the_same_number():
    rows = [("a", 1, 1), ("b", None, 2), ("c", 3, 3)]
    found = diff_by_key(side(rows), side(rows, pa.float64()), "key", ["x"])
    assert (found.same, found.changed) == (3, 0)


def test_nan_is_nan():
    nan = pa.table({"key": ["a", "b"], "x": [float("nan"), 1.0]})
    other = pa.table({"key": ["a", "b"], "x": [float("nan"), float("nan")]})
    sides = [Side(2, lambda names, t=t: iter(t.select(names).to_batches())) for t in (nan, other)]
    found = diff_by_key(*sides, "key", ["x"], sample=5)
    assert (found.same, found.sample["changed"]) == (1, ["b"])


@pytest.mark.parametrize("cells", [10, 10_000])
def test_a_key_of_another_type_still_pairs(cells):
    numbers = pa.table({"key": list(range(20)), "x": list(range(20))})
    texts = pa.table({"key": [str(n) for n in range(20)], "x": list(range(20))})
    sides = [
        Side(20, lambda names, t=t: iter(t.select(names).to_batches())) for t in (numbers, texts)
    ]
    found = diff_by_key(*sides, "key", ["x"], cells=cells)
    assert (found.same, found.added, found.removed) == (20, 0, 0)
