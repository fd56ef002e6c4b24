"""Data sets over REST."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crispml_core.domain.datasets import SPLIT_COLUMN, DataSet, Stage

ROWS = 130


@pytest.fixture
def dataset(training: Any, toy_rows: Callable[[int], pa.Table]) -> DataSet:
    """A prepared data set whose rows belong to train, select and test in turn."""
    splits = [("train", "select", "test")[number % 3] for number in range(ROWS)]
    table = toy_rows(ROWS).append_column(SPLIT_COLUMN, pa.array(splits))
    writer = training.parts.datasets.writer("toy", Stage.PREPARED)
    for batch in table.to_batches(max_chunksize=40):
        writer.write(batch)
    stored: DataSet = writer.publish(owner="ops")
    return stored


def test_the_manifest_is_found_and_listed(training: Any, dataset: DataSet) -> None:
    found = training.client.get(f"/api/v1/datasets/{dataset.id}").json()
    assert (found["id"], found["rows"], found["stage"]) == (dataset.id, ROWS, "prepared")
    assert found["columns"][0]["name"] == "order_id"
    listed = training.client.get("/api/v1/datasets?use_case=toy&stage=prepared").json()
    assert listed["items"] == [found]
    assert training.client.get("/api/v1/datasets?stage=raw").json()["items"] == []
    assert training.client.get("/api/v1/datasets/none").status_code == 404


@pytest.mark.parametrize("limit", [1, 7, 44, 500])
@pytest.mark.parametrize("split", [None, "test"])
def test_pages_together_are_the_rows_of_the_split(
    training: Any, dataset: DataSet, limit: int, split: str | None
) -> None:
    table = training.parts.datasets.table(dataset.id)
    wanted = [row["order_id"] for row in table.to_pylist() if split in (None, row[SPLIT_COLUMN])]
    params: dict[str, Any] = {"limit": limit, "columns": "order_id"}
    if split:
        params["split"] = split
    seen: list[str] = []
    while True:
        page = training.client.get(f"/api/v1/datasets/{dataset.id}/rows", params=params).json()
        assert len(page["items"]) <= limit
        assert all(set(row) == {"order_id"} for row in page["items"])
        seen += [row["order_id"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert seen == wanted


def test_a_row_is_complete_and_a_missing_value_is_null(training: Any, dataset: DataSet) -> None:
    row = training.client.get(f"/api/v1/datasets/{dataset.id}/rows?limit=2").json()["items"][1]
    expected = training.parts.datasets.table(dataset.id).slice(1, 1).to_pylist()[0]
    assert row == expected
    assert row["note"] is None


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("columns=amuont", "name 1 is not a column (did you mean 'amount'?)"),
        ("columns=items,CANARY", "name 2 is not a column; known: order_id"),
        ("columns=items,items", "once"),
        ("split=CANARY", "split"),
        ("cursor=Q0FOQVJZ", "next_cursor"),
    ],
)
def test_a_wrong_selection_is_refused(
    training: Any, dataset: DataSet, query: str, said: str
) -> None:
    answer = training.client.get(f"/api/v1/datasets/{dataset.id}/rows?{query}")
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert "CANARY" not in answer.text


def test_the_content_is_the_whole_table_as_parquet(training: Any, dataset: DataSet) -> None:
    answer = training.client.get(f"/api/v1/datasets/{dataset.id}/content")
    assert answer.headers["Content-Type"] == "application/vnd.apache.parquet"
    table = pq.read_table(io.BytesIO(answer.content))
    assert table.equals(training.parts.datasets.table(dataset.id))
    assert training.client.get("/api/v1/datasets/none/content").status_code == 404
