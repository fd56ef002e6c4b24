from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from crispml_core.adapters.volume.dataset_store import VolumeDataSetStore
from crispml_core.adapters.volume.dataset_writer import ROWS_PER_GROUP
from crispml_core.domain.datasets import Stage


def numbers(rows, start=0):
    return pa.record_batch({"x": pa.array(range(start, start + rows))})


def write(tmp_path, *batches):
    store = VolumeDataSetStore(tmp_path)
    writer = store.writer("credit", Stage.RAW)
    for batch in batches:
        writer.write(batch)
    dataset = writer.publish()
    return store, dataset, tmp_path / "datasets" / dataset.id


def groups(folder):
    found = pq.ParquetFile(folder / "part-0.parquet").metadata
    return [found.row_group(number).num_rows for number in range(found.num_row_groups)]


def test_small_batches_are_gathered_into_large_row_groups(tmp_path):
    batches = [numbers(10_000, start) for start in range(0, 150_000, 10_000)]
    _, _, folder = write(tmp_path, *batches)

    assert groups(folder) == [ROWS_PER_GROUP, 140_000 - ROWS_PER_GROUP, 10_000]


def test_a_large_batch_is_cut_into_row_groups_and_read_in_small_batches(tmp_path):
    store, dataset, folder = write(tmp_path, numbers(300_000))

    assert max(groups(folder)) == ROWS_PER_GROUP
    batches = list(store.batches(dataset.id))
    assert max(batch.num_rows for batch in batches) <= 65_536
    assert pa.Table.from_batches(batches).column("x").to_pylist() == list(range(300_000))


def test_reading_in_batches_does_not_gather_the_file_in_memory(tmp_path):
    noise = np.random.default_rng(0)
    batches = [pa.record_batch({"x": noise.normal(size=ROWS_PER_GROUP)}) for _ in range(16)]
    store, dataset, folder = write(tmp_path, *batches)
    del batches
    before, highest = pa.total_allocated_bytes(), 0

    for _ in store.batches(dataset.id):
        highest = max(highest, pa.total_allocated_bytes() - before)

    assert highest < (folder / "part-0.parquet").stat().st_size / 3


def test_wide_rows_are_written_before_they_fill_the_memory(tmp_path):
    wide = pa.record_batch({"text": pa.array(["x" * 1_000_000] * 40)})
    _, _, folder = write(tmp_path, wide, wide, wide)

    assert groups(folder) == [80, 40]


def test_types_survive_the_volume(tmp_path):
    batch = pa.record_batch(
        {
            "when": pa.array([0, None], pa.timestamp("us", "UTC")),
            "day": pa.array([1, None], pa.date32()),
            "flag": pa.array([True, None], pa.bool_()),
            "text": pa.array(["ä", None], pa.string()),
            "number": pa.array([float("nan"), None], pa.float64()),
        }
    )
    store, dataset, _ = write(tmp_path, batch)

    assert store.table(dataset.id).schema.equals(batch.schema)
    assert next(store.batches(dataset.id)).schema.equals(batch.schema)


def test_metadata_of_a_library_is_not_content(tmp_path):
    _, first, _ = write(tmp_path, numbers(3))
    _, second, _ = write(tmp_path, numbers(3).replace_schema_metadata({"pandas": "{}"}))

    assert first == second


def test_the_manifest_is_json_a_person_can_read(tmp_path):
    _, dataset, folder = write(tmp_path, numbers(3))
    text = (folder / "manifest.json").read_text()

    assert json.loads(text)["id"] == dataset.id
    assert json.loads(text)["files"][0]["name"] == "part-0.parquet"
    assert text.count("\n") > 10
