from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from crispml_core.domain.errors import InvalidInput, InvalidRecords
from crispml_core.domain.use_case import UseCase
from crispml_core.methods.data_ingestion import DataIngestion
from crispml_core.tables.schema import arrow_schema


def ingest(use_case: UseCase, table: pa.Table, chunk: int = 10, **options: Any) -> pa.Table:
    batches = table.combine_chunks().to_batches(max_chunksize=chunk)
    return pa.Table.from_batches(list(DataIngestion(use_case).run(batches, **options)))


def as_text(table: pa.Table) -> pa.Table:
    return table.cast(pa.schema([(name, pa.string()) for name in table.schema.names]))


def replaced(table: pa.Table, name: str, values: list[Any]) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, pa.array(values))


def test_text_and_typed_rows_become_the_same_raw_data(toy: UseCase, toy_rows: Any) -> None:
    table = toy_rows(25)
    raw = ingest(toy, table)
    assert raw.schema == arrow_schema((*toy.fields, toy.target.field))
    assert raw.equals(ingest(toy, as_text(table), chunk=7))
    assert raw.to_pylist() == table.to_pylist()


@pytest.mark.parametrize("truth", [[0, 1], [0.0, 1.0], ["0", "1"]])
def test_numbers_of_a_target_are_compared_by_text(toy: UseCase, toy_rows: Any, truth: Any) -> None:
    from dataclasses import replace

    from crispml_core.domain.targets import Target

    use_case = replace(toy, target=Target("returned", "binary", values=("0", "1"), positive="1"))
    raw = ingest(use_case, replaced(toy_rows(4), "returned", truth * 2))
    assert raw.column("returned").to_pylist() == ["0", "1", "0", "1"]


def test_a_regression_target_is_a_number(toy_regression: UseCase, toy_days_rows: Any) -> None:
    raw = ingest(toy_regression, as_text(toy_days_rows(5)))
    assert raw.schema.field("days").type == pa.float64()


def test_every_finding_counts_and_names_its_row_in_the_table(toy: UseCase, toy_rows: Any) -> None:
    items = [0 if row % 2 else 1 for row in range(1000)]
    with pytest.raises(InvalidRecords) as caught:
        ingest(toy, replaced(toy_rows(1000), "items", items), chunk=33)
    assert caught.value.total == 500
    assert [problem.row for problem in caught.value.problems] == list(range(1, 200, 2))
    assert "field items must be between 1 and 100" in caught.value.message


def test_nothing_is_yielded_after_a_finding(toy: UseCase, toy_rows: Any) -> None:
    table = replaced(toy_rows(30), "items", [1] * 15 + [0] + [1] * 14)
    batches = DataIngestion(toy).run(table.to_batches(max_chunksize=10))
    assert next(batches).num_rows == 10
    with pytest.raises(InvalidRecords):
        next(batches)


def test_wrong_columns_stop_at_the_first_batch(toy: UseCase, toy_rows: Any) -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        yield (
            toy_rows(5)
            .rename_columns(["order_id", "amuont", "items", "channel", "note", "returned"])
            .to_batches()[0]
        )
        raise AssertionError("read on")

    with pytest.raises(InvalidRecords, match="did you mean 'amount'"):
        list(DataIngestion(toy).run(batches()))


def test_a_source_without_the_target_is_refused(toy: UseCase, toy_rows: Any) -> None:
    with pytest.raises(InvalidRecords, match="column returned is missing"):
        ingest(toy, toy_rows(5).drop_columns(["returned"]))


def test_an_unknown_class_is_refused(toy: UseCase, toy_rows: Any) -> None:
    with pytest.raises(InvalidRecords, match="field returned must be one of 'no', 'yes'"):
        ingest(toy, replaced(toy_rows(2), "returned", ["no", "maybe"]))


@pytest.mark.parametrize("batches", [0, 1])
def test_an_empty_table_is_refused(toy: UseCase, toy_rows: Any, batches: int) -> None:
    empty = toy_rows(1).to_batches()[0].slice(0, 0)
    with pytest.raises(InvalidInput, match="no rows"):
        list(DataIngestion(toy).run([empty] * batches))


def test_one_class_only_is_refused(toy: UseCase, toy_rows: Any) -> None:
    table = toy_rows(50)
    with pytest.raises(InvalidInput, match="at least two classes"):
        ingest(toy, table.filter(pc.equal(table.column("returned"), "no")))


def test_repeated_record_keys_are_named_across_batches(toy: UseCase, toy_rows: Any) -> None:
    keys = [f"O-{row}" for row in range(30)]
    keys[25] = keys[3]
    table = replaced(toy_rows(30), "order_id", keys)
    with pytest.raises(InvalidRecords) as caught:
        ingest(toy, table, reread=lambda: table.to_batches(max_chunksize=4))
    (problem,) = caught.value.problems
    assert (problem.rule, problem.field, problem.row) == ("duplicate", "order_id", 25)
    assert "O-3" not in problem.message


def test_a_batch_without_rows_is_not_passed_on(toy: UseCase, toy_rows: Any) -> None:
    batch = toy_rows(20).to_batches()[0]
    found = list(DataIngestion(toy).run([batch.slice(0, 0), batch]))
    assert [part.num_rows for part in found] == [20]


def test_a_source_is_ended_as_soon_as_reading_stops(toy: UseCase, toy_rows: Any) -> None:
    ended = []

    def source() -> Any:
        try:
            yield toy_rows(20).drop_columns(["items"]).to_batches()[0]
            yield toy_rows(20).to_batches()[0]
        finally:
            ended.append(True)

    opened = source()
    with pytest.raises(InvalidRecords):
        list(DataIngestion(toy).run(opened))
    assert ended == [True]
