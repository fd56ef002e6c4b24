"""Classes are counted the same by pandas, whatever the batches."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.tables import equivalence
from crispml_core.tables.equivalence import EquivalenceClasses

ROW = st.fixed_dictionaries(
    {
        "age": st.sampled_from([20, 30, None]),
        "income": st.sampled_from([0.0, -0.0, 1.5, None]),
        "born": st.sampled_from([date(2000, 1, 1), date(2001, 1, 1), None]),
        "rows": st.sampled_from(["a", "b", None]),
        "ill": st.sampled_from(["x", "y", None]),
    }
)
SCHEMA = pa.schema(
    {
        "age": pa.int64(),
        "income": pa.float64(),
        "born": pa.date32(),
        "rows": pa.string(),
        "ill": pa.string(),
    }
)


@given(
    st.lists(ROW, min_size=1, max_size=60),
    st.lists(st.sampled_from(["age", "income", "born", "rows"]), min_size=1, unique=True),
    st.sampled_from([None, "ill"]),
    st.integers(1, 20),
)
def test_classes_are_those_of_pandas(
    rows: list[dict[str, Any]], columns: list[str], divided_by: str | None, size: int
) -> None:
    counted = EquivalenceClasses(columns, divided_by)
    for batch in pa.Table.from_pylist(rows, SCHEMA).to_batches(max_chunksize=size):
        counted.add(batch)
    cells = counted.result()

    def key(row: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] for name in columns)

    wanted: dict[tuple[Any, ...], dict[Any, int]] = {}
    for row in rows:
        one = wanted.setdefault(key(row), {})
        value = None if divided_by is None else row[divided_by]
        one[value] = one.get(value, 0) + 1
    ends = [*cells.starts[1:], len(cells.counts)]
    found = [
        sorted(cells.counts[start:end].tolist())
        for start, end in zip(cells.starts, ends, strict=True)
    ]
    assert sorted(found) == sorted(sorted(one.values()) for one in wanted.values())
    assert sorted(cells.rows) == sorted(sum(one.values()) for one in wanted.values())
    totals = np.bincount(cells.values, weights=cells.counts)
    expected = [
        sum(one.get(value, 0) for one in wanted.values())
        for value in {value for one in wanted.values() for value in one}
    ]
    assert sorted(totals) == sorted(expected)


def test_groups_are_put_together_before_too_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equivalence, "_MERGE_AT", 10)
    counted = EquivalenceClasses(["a"])
    for start in range(0, 100, 4):
        counted.add(pa.record_batch({"a": [number % 5 for number in range(start, start + 4)]}))
    assert counted.result().rows.tolist() == [20] * 5
    assert counted._waiting <= 10


def test_without_rows_there_are_no_classes() -> None:
    counted = EquivalenceClasses(["a"], "b")
    counted.add(pa.record_batch({"a": pa.array([], pa.int64()), "b": pa.array([], pa.string())}))
    cells = counted.result()
    assert (len(cells.starts), len(cells.rows)) == (0, 0)
