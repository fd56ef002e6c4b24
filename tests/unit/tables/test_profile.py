from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from crispml_core.domain.fields import Field
from crispml_core.tables.profile import Profile
from crispml_core.tables.schema import arrow_schema

FIELDS = (
    Field("key", "string"),
    Field("colour", "category", values=("red", "blue"), nullable=True),
    Field("amount", "number", nullable=True),
    Field("open", "boolean"),
    Field("day", "date"),
)
TABLE = pa.Table.from_arrays(
    [
        pa.array(["Ada", "Bob", "Cy"]),
        pa.array(["red", None, "red"]),
        pa.array([1.0, 4.0, None]),
        pa.array([True, True, False]),
        pa.array(["2024-01-03", "2024-01-01", "2024-01-02"]).cast(pa.date32()),
    ],
    schema=arrow_schema(FIELDS),
)


def profile(table: pa.Table, chunk: int, **options: int) -> dict[str, dict[str, object]]:
    result = Profile(**options)
    for batch in table.to_batches(max_chunksize=chunk):
        result.update(batch)
    return result.result()


def test_each_column_is_described() -> None:
    found = profile(TABLE, 2)
    assert found["amount"] == {
        "type": "double",
        "missing": 1,
        "distinct": 2,
        "distinct_is_exact": True,
        "minimum": 1.0,
        "maximum": 4.0,
        "mean": 2.5,
    }
    assert found["colour"]["top"] == [{"value": "red", "count": 2}]
    assert found["colour"]["missing"] == 1
    assert found["open"]["top"] == [{"value": True, "count": 2}, {"value": False, "count": 1}]
    assert (found["day"]["minimum"], found["day"]["maximum"]) == ("2024-01-01", "2024-01-03")


def test_the_values_of_free_text_are_never_shown() -> None:
    assert profile(TABLE, 3)["key"] == {
        "type": "string",
        "missing": 0,
        "distinct": 3,
        "distinct_is_exact": True,
    }


def test_chunks_do_not_matter() -> None:
    assert profile(TABLE, 1) == profile(TABLE, 3)


def test_beyond_the_cap_distinct_values_are_not_kept() -> None:
    table = pa.table({"key": [str(number) for number in range(100)]})
    for chunk in (1, 100):
        found = profile(table, chunk, distinct_cap=10)["key"]
        assert (found["distinct"], found["distinct_is_exact"]) == (10, False)


def test_an_empty_column_has_no_extremes() -> None:
    found = profile(pa.table({"a": pa.nulls(2, pa.float64())}), 2)["a"]
    assert (found["missing"], found["minimum"], found["mean"]) == (2, None, None)


def test_of_private_columns_only_counts_are_shown() -> None:
    private = [replace(field, privacy="encrypt") for field in FIELDS[1:]]
    found = profile(TABLE.cast(arrow_schema([FIELDS[0], *private])), 2)
    assert {name for column in found.values() for name in column} == {
        "type",
        "missing",
        "distinct",
        "distinct_is_exact",
    }
    assert found["amount"]["missing"] == 1
