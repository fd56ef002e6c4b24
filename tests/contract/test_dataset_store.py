"""What every data set store does."""

from __future__ import annotations

import pyarrow as pa
import pytest

from crispml_core.adapters.volume.dataset_store import VolumeDataSetStore
from crispml_core.domain.datasets import Stage
from crispml_core.domain.errors import InvalidInput, NotFound
from crispml_core.testing.fakes.dataset_store import FakeDataSetStore


@pytest.fixture(params=["fake", "volume"])
def store(request, tmp_path):
    return FakeDataSetStore() if request.param == "fake" else VolumeDataSetStore(tmp_path / "r")


def rows(start=0, stop=5):
    return pa.record_batch(
        {
            "key": pa.array([f"k{i}" for i in range(start, stop)], pa.string()),
            "amount": pa.array([i / 2 for i in range(start, stop)], pa.float64()),
            "age": pa.array([None if i % 3 == 0 else i for i in range(start, stop)], pa.int64()),
        }
    )


def put(store, *batches, use_case="credit", stage=Stage.RAW, **manifest):
    writer = store.writer(use_case, stage)
    for batch in batches or (rows(),):
        writer.write(batch)
    return writer.publish(**manifest)


def test_a_published_data_set_comes_back_as_it_was_written(store):
    dataset = put(store, rows(0, 5), rows(5, 9), owner="risk", tags=["q1"], description="loans")

    assert store.get(dataset.id) == dataset
    assert dataset.rows == 9
    assert (dataset.owner, dataset.tags, dataset.description) == ("risk", ("q1",), "loans")
    assert [column.name for column in dataset.columns] == ["key", "amount", "age"]
    expected = pa.Table.from_batches([rows(0, 9)])
    assert store.table(dataset.id).equals(expected)
    assert pa.Table.from_batches(store.batches(dataset.id)).equals(expected)


def test_the_same_rows_in_other_batches_are_the_same_version(store):
    first = put(store, rows(0, 9), owner="first")
    second = put(store, rows(0, 2), rows(2, 9), owner="second")

    assert second == first
    assert [dataset.id for dataset in store.find()] == [first.id]


def test_one_changed_cell_is_another_version(store):
    changed = rows().set_column(1, "amount", pa.array([0.0, 0.5, 1.0, 1.5, 2.0000000001]))

    assert put(store).id != put(store, changed).id


def test_derived_data_sets_differ_by_parents_and_parameters(store):
    ids = {
        put(store, stage=Stage.PREPARED, parents=["a"], parameters={"seed": 0}).id,
        put(store, stage=Stage.PREPARED, parents=["b"], parameters={"seed": 0}).id,
        put(store, stage=Stage.PREPARED, parents=["b"], parameters={"seed": 1}).id,
    }

    assert len(ids) == 3


def test_columns_come_in_the_order_they_are_asked_for(store):
    dataset = put(store)

    assert store.table(dataset.id, ["age", "key"]).column_names == ["age", "key"]
    assert next(store.batches(dataset.id, ["age", "key"])).schema.names == ["age", "key"]


def test_an_unknown_column_is_refused_at_once_without_repeating_it(store):
    dataset = put(store)

    for read in (store.table, store.batches):
        with pytest.raises(InvalidInput, match="column 1") as caught:
            read(dataset.id, ["key", "secret_name"])
        assert "secret_name" not in caught.value.message


def test_nothing_is_visible_before_publish(store):
    writer = store.writer("credit", Stage.RAW)
    writer.write(rows())

    assert store.find() == []
    writer.discard()
    assert store.find() == []


def test_discard_after_publish_harms_nothing(store):
    writer = store.writer("credit", Stage.RAW)
    writer.write(rows())
    dataset = writer.publish()
    writer.discard()

    assert store.table(dataset.id).num_rows == 5


def test_a_discarded_writer_takes_no_more_rows(store):
    writer = store.writer("credit", Stage.RAW)
    writer.write(rows())
    writer.discard()

    with pytest.raises(ValueError, match="discarded"):
        writer.write(rows())
    with pytest.raises(ValueError, match="publish once"):
        writer.publish()


def test_a_batch_of_another_schema_is_refused(store):
    writer = store.writer("credit", Stage.RAW)
    writer.write(rows())

    with pytest.raises(ValueError, match="schema of the first"):
        writer.write(rows().select(["key"]))
    writer.discard()


def test_an_empty_table_keeps_its_columns(store):
    dataset = put(store, rows(0, 0))

    assert dataset.rows == 0
    assert store.table(dataset.id).schema.equals(rows().schema)


def test_find_filters_and_gives_the_newest_first(store):
    raw = put(store)
    prepared = put(store, stage=Stage.PREPARED, parents=[raw.id])
    other = put(store, use_case="churn")

    assert [found.id for found in store.find()] == [other.id, prepared.id, raw.id]
    assert [found.id for found in store.find("credit")] == [prepared.id, raw.id]
    assert [found.id for found in store.find("credit", Stage.RAW)] == [raw.id]


@pytest.mark.parametrize("name", ["0" * 32, "", "..", "../models", "/etc", "a/b", "A" * 32, "x\n"])
def test_an_id_that_leads_nowhere_is_not_found(store, name):
    put(store)

    for read in (store.get, store.table, store.batches):
        with pytest.raises(NotFound, match="no such data set"):
            read(name)


def test_parts_are_read_for_themselves_and_together_are_all_rows(store):
    dataset = put(store, rows(0, 131_072), rows(131_072, 140_000))

    assert store.parts(dataset.id) == 2
    parts = [list(store.batches(dataset.id, ["key"], part)) for part in range(2)]
    assert [sum(batch.num_rows for batch in part) for part in parts] == [131_072, 8928]
    # Whoever reads all has the same batches.
    assert [batch for part in parts for batch in part] == list(store.batches(dataset.id, ["key"]))
