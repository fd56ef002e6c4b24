"""What every upload store promises."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from crispml_core.adapters.volume.uploads import VolumeUploadStore
from crispml_core.domain.errors import MalformedContent, NotFound, TooLarge
from crispml_core.ports.upload_store import UploadStore
from crispml_core.testing.fakes.upload_store import FakeUploadStore

LIMIT = 1000
STORES: dict[str, Callable[[Path], UploadStore]] = {
    "volume": lambda folder: VolumeUploadStore(folder, LIMIT),
    "fake": lambda folder: FakeUploadStore(folder, LIMIT),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> UploadStore:
    return STORES[request.param](tmp_path)


def test_a_committed_file_can_be_read_whole(store: UploadStore) -> None:
    writer = store.receive("csv")
    writer.write(b"a,b\n")
    writer.write(b"1,2\n")
    upload = writer.commit()
    path = store.path(upload.id)
    assert path.read_bytes() == b"a,b\n1,2\n"
    assert path.suffix == ".csv"
    assert (upload.format, upload.size) == ("csv", 8)
    assert upload.sha256 == hashlib.sha256(b"a,b\n1,2\n").hexdigest()


def test_two_equal_files_are_two_uploads(store: UploadStore) -> None:
    ids = set()
    for _ in range(2):
        writer = store.receive("parquet")
        writer.write(b"PAR1")
        ids.add(writer.commit().id)
    assert len(ids) == 2


def test_a_discarded_file_leaves_nothing(store: UploadStore, tmp_path: Path) -> None:
    writer = store.receive("csv")
    writer.write(b"a,b\n")
    writer.discard()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_discarding_after_commit_keeps_the_file(store: UploadStore) -> None:
    writer = store.receive("csv")
    writer.write(b"a,b\n")
    upload = writer.commit()
    writer.discard()
    assert store.path(upload.id).read_bytes() == b"a,b\n"


def test_a_file_over_the_limit_is_refused(store: UploadStore) -> None:
    writer = store.receive("csv")
    writer.write(b"x" * LIMIT)
    with pytest.raises(TooLarge, match=f"{LIMIT} bytes"):
        writer.write(b"x")
    writer.discard()


def test_an_empty_file_is_refused(store: UploadStore) -> None:
    writer = store.receive("csv")
    with pytest.raises(MalformedContent, match="empty"):
        writer.commit()
    writer.discard()


@pytest.mark.parametrize("upload_id", ["", "*", "../x", "0190a000-0000-7000-8000-000000000000"])
def test_an_unknown_id_leads_nowhere(store: UploadStore, upload_id: str) -> None:
    store.remove(upload_id)
    with pytest.raises(NotFound):
        store.path(upload_id)


def test_a_removed_file_is_gone(store: UploadStore) -> None:
    writer = store.receive("csv")
    writer.write(b"a\n")
    upload = writer.commit()
    store.remove(upload.id)
    with pytest.raises(NotFound):
        store.path(upload.id)


def test_only_forgotten_files_are_removed(store: UploadStore) -> None:
    writer = store.receive("csv")
    writer.write(b"a\n")
    upload = writer.commit()
    assert store.remove_older_than(3600) == 0
    store.path(upload.id)
    assert store.remove_older_than(-1) == 1
    with pytest.raises(NotFound):
        store.path(upload.id)
