from __future__ import annotations

import os

import pyarrow as pa
import pytest

from crispml_core.adapters.volume.artefact_store import VolumeArtefactStore
from crispml_core.adapters.volume.dataset_store import VolumeDataSetStore
from crispml_core.domain.datasets import Stage
from crispml_core.domain.errors import RegistryDamaged


@pytest.fixture
def dataset_folder(tmp_path):
    writer = VolumeDataSetStore(tmp_path).writer("credit", Stage.RAW)
    writer.write(pa.record_batch({"x": pa.array(range(1000))}))
    return tmp_path / "datasets" / writer.publish().id


def flip_bit(path, position=40):
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def test_a_flipped_bit_in_a_model_file_is_found_on_every_read(tmp_path, artefact):
    store = VolumeArtefactStore(tmp_path)
    store.publish(artefact, {"model.skops": bytes(100)})
    assert store.read("a1", "model.skops") == bytes(100)

    flip_bit(tmp_path / "artifacts/a1/model.skops")

    with pytest.raises(RegistryDamaged, match=r"artifacts/a1/model\.skops .* restore it"):
        store.read("a1", "model.skops")


def test_a_missing_model_file_is_named(tmp_path, artefact):
    store = VolumeArtefactStore(tmp_path)
    store.publish(artefact, {"model.skops": b"x"})
    (tmp_path / "artifacts/a1/model.skops").unlink()

    with pytest.raises(RegistryDamaged, match=r"artifacts/a1/model\.skops of the registry is mis"):
        store.read("a1", "model.skops")


@pytest.mark.parametrize("read", ["table", "batches"])
def test_a_flipped_bit_in_a_data_set_is_found_before_any_row(tmp_path, dataset_folder, read):
    flip_bit(dataset_folder / "part-0.parquet")

    with pytest.raises(RegistryDamaged, match=r"datasets/\w+/part-0\.parquet"):
        getattr(VolumeDataSetStore(tmp_path), read)(dataset_folder.name)


def test_a_data_set_that_changes_after_a_read_is_noticed(tmp_path, dataset_folder):
    store = VolumeDataSetStore(tmp_path)
    assert store.table(dataset_folder.name).num_rows == 1000
    part = dataset_folder / "part-0.parquet"
    part.write_bytes(part.read_bytes() + b"x")

    with pytest.raises(RegistryDamaged):
        store.table(dataset_folder.name)


def test_a_data_set_is_hashed_once_per_process(tmp_path, dataset_folder):
    part = dataset_folder / "part-0.parquet"
    before = part.stat()
    store = VolumeDataSetStore(tmp_path)
    store.table(dataset_folder.name)
    content = bytearray(part.read_bytes())
    content[-1] ^= 1
    part.write_bytes(content)
    os.utime(part, ns=(before.st_atime_ns, before.st_mtime_ns))

    with pytest.raises(pa.ArrowInvalid):  # the reader stumbles, not the check
        store.table(dataset_folder.name)


def test_a_missing_part_is_named(tmp_path, dataset_folder):
    (dataset_folder / "part-0.parquet").unlink()

    with pytest.raises(RegistryDamaged, match="is missing"):
        VolumeDataSetStore(tmp_path).batches(dataset_folder.name)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"id": "x"}', b"\xff\xfe"])
def test_a_broken_manifest_is_named_and_left_out_of_lists(tmp_path, dataset_folder, content):
    (dataset_folder / "manifest.json").write_bytes(content)
    store = VolumeDataSetStore(tmp_path)

    assert store.find() == []
    with pytest.raises(RegistryDamaged, match=r"datasets/\w+/manifest\.json .* is not a manifest"):
        store.get(dataset_folder.name)


def test_a_folder_under_a_wrong_name_is_not_believed(tmp_path, dataset_folder):
    dataset_folder.rename(tmp_path / "datasets" / "other")

    with pytest.raises(RegistryDamaged, match="belongs to another folder"):
        VolumeDataSetStore(tmp_path).get("other")


def test_a_manifest_cannot_name_a_file_outside_its_folder(tmp_path, dataset_folder):
    manifest = dataset_folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace("part-0.parquet", "../../secret"))

    with pytest.raises(RegistryDamaged, match=r"manifest\.json .* names a wrong file"):
        VolumeDataSetStore(tmp_path).table(dataset_folder.name)


def test_folders_without_a_manifest_are_left_out_of_lists(tmp_path, dataset_folder):
    (tmp_path / "datasets" / "half").mkdir()
    (tmp_path / "datasets" / "stray.txt").write_text("")

    assert [found.id for found in VolumeDataSetStore(tmp_path).find()] == [dataset_folder.name]


def test_publishing_over_a_folder_that_lost_its_manifest_says_so(tmp_path, dataset_folder):
    (dataset_folder / "manifest.json").unlink()
    writer = VolumeDataSetStore(tmp_path).writer("credit", Stage.RAW)
    writer.write(pa.record_batch({"x": pa.array(range(1000))}))

    with pytest.raises(RegistryDamaged, match="remove the folder datasets/"):
        writer.publish()
    assert list((tmp_path / ".staging").iterdir()) == []
