"""The difference of two data sets over REST."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from crispml_core.domain.datasets import DataSet, Stage


@pytest.fixture
def put(training: Any) -> Callable[..., str]:
    def store(table: pa.Table, stage: Stage = Stage.RAW, use_case: str = "toy") -> str:
        writer = training.parts.datasets.writer(use_case, stage)
        for batch in table.to_batches(max_chunksize=13):
            writer.write(batch)
        dataset: DataSet = writer.publish()
        return dataset.id

    return store


def diff(training: Any, before: str, after: str, query: str = "") -> Any:
    return training.client.get(f"/api/v1/datasets/{before}/diff/{after}{query}")


def test_planted_differences_are_found_and_no_value_is_told(
    training: Any, put: Any, toy_rows: Any
) -> None:
    table = toy_rows(50)
    # Rows 0 and 1 leave, row 10 gets another amount, row 11 another channel, one row comes.
    amounts = table["amount"].to_pylist()
    amounts[10] = 7777.77
    channels = table["channel"].to_pylist()
    channels[11] = {"web": "shop"}.get(channels[11], "web")
    changed = table.set_column(1, "amount", pa.array(amounts))
    changed = changed.set_column(3, "channel", pa.array(channels)).slice(2)
    new = changed.slice(0, 1).set_column(0, "order_id", pa.array(["O-NEW"]))
    after = pa.concat_tables([changed, new]).drop_columns(["note"])
    after = after.append_column("rush", pa.array([True] * after.num_rows))

    answer = diff(training, put(table), put(after))
    found = answer.json()

    assert answer.status_code == 200
    rows = found["rows"]
    assert rows["matched_by"] == "order_id"
    assert (rows["added"], rows["removed"], rows["changed"], rows["same"]) == (1, 2, 2, 46)
    assert rows["sample"] == {
        "added": ["O-NEW"],
        "removed": ["O-000000", "O-000001"],
        "changed": ["O-000010", "O-000011"],
    }
    assert rows["changed_by_column"] == {"amount": 1, "channel": 1}
    assert [column["name"] for column in found["columns"]["added"]] == ["rush"]
    assert [column["name"] for column in found["columns"]["removed"]] == ["note"]
    assert found["moved"]["amount"]["mean"][0] != found["moved"]["amount"]["mean"][1]
    assert (found["rows_before"], found["rows_after"], found["identical"]) == (50, 49, False)
    assert "7777.77" not in answer.text


def test_other_order_is_a_difference_of_columns_and_of_no_row(
    training: Any, put: Any, toy_rows: Any
) -> None:
    table = toy_rows(30)
    backwards = table.take(pc.sort_indices(table, [("order_id", "descending")]))
    found = diff(training, put(table), put(backwards)).json()
    assert found["identical"] is False
    assert (found["rows"]["same"], found["rows"]["changed"]) == (30, 0)
    assert found["moved"] == {}
    again = diff(training, put(table), put(table)).json()
    assert (again["identical"], again["rows"]["same"], again["columns"]["same"]) == (True, 30, 6)


def test_rows_with_repeated_keys_are_counted_apart(training: Any, put: Any, toy_rows: Any) -> None:
    table = toy_rows(10)
    twice = pa.concat_tables([table, table.slice(0, 1)])
    rows = diff(training, put(table), put(twice)).json()["rows"]
    assert (rows["repeated"], rows["same"], rows["added"]) == ([1, 2], 9, 0)


def test_without_the_record_key_whole_rows_are_compared(
    training: Any, put: Any, toy_rows: Any
) -> None:
    table = toy_rows(10).drop_columns(["order_id"])
    found = diff(training, put(table), put(table.slice(3))).json()
    assert (found["rows"]["matched_by"], found["rows"]["removed"]) == (None, 3)
    assert found["rows"]["sample"] == {}
    assert "no record key" in found["notes"][0]


def test_keys_that_may_not_be_kept_are_not_shown(training: Any, put: Any, toy_rows: Any) -> None:
    toy = training.parts.use_cases["toy"]
    key = replace(toy.fields[0], privacy="pseudonymise")
    training.parts.use_cases["toy"] = replace(toy, fields=(key, *toy.fields[1:]))
    table = toy_rows(10)
    answer = diff(training, put(table), put(table.slice(3)))
    assert answer.json()["rows"]["removed"] == 3
    assert "O-00000" not in answer.text


def test_what_cannot_be_compared_is_refused(training: Any, put: Any, toy_rows: Any) -> None:
    raw = put(toy_rows(5))
    for other, status, said in (
        (put(toy_rows(5), Stage.PREPARED), 422, "stages"),
        (put(toy_rows(5), use_case="other"), 422, "use cases"),
        ("none", 404, "data set"),
    ):
        for pair in ((raw, other), (other, raw)):
            answer = diff(training, *pair)
            assert (answer.status_code, said in answer.json()["detail"]) == (status, True)
    assert diff(training, raw, raw, "?sample=5000").status_code == 422


def test_the_sample_is_as_large_as_wanted(training: Any, put: Any, toy_rows: Any) -> None:
    pair = put(toy_rows(30)), put(toy_rows(30).slice(12))
    for size in (0, 5, 500):
        rows = diff(training, *pair, f"?sample={size}").json()["rows"]
        assert rows["removed"] == 12
        assert len(rows["sample"].get("removed", [])) == min(size, 12)
