from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from crispml_core.adapters.volume.files import HashedFile
from crispml_core.adapters.volume.sweep import sweep
from crispml_core.adapters.volume.uploads import VolumeUploadStore
from crispml_core.domain.errors import StoreUnavailable


def is_live(run_id: str) -> bool:
    """Spare what has no run, as the sweep of a training service does after each run."""
    return not run_id


def test_a_sweep_does_not_touch_a_file_that_is_being_received(tmp_path: Path) -> None:
    store = VolumeUploadStore(tmp_path, 1000)
    writer = store.receive("csv")
    writer.write(b"a\n")
    assert sweep(tmp_path, is_live, older_than_s=0) == []
    assert sweep(tmp_path, lambda _: False) == []
    writer.write(b"1\n")
    assert store.path(writer.commit().id).read_bytes() == b"a\n1\n"


def test_a_sweep_removes_what_a_dead_process_was_receiving(tmp_path: Path) -> None:
    VolumeUploadStore(tmp_path, 1000).receive("csv").write(b"a\n")
    (left,) = (tmp_path / ".staging").iterdir()
    os.utime(left, (0, 0))
    assert sweep(tmp_path, lambda _: False) == [left.name]


def test_a_full_volume_is_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "")

    writer = VolumeUploadStore(tmp_path, 1000).receive("csv")
    monkeypatch.setattr(HashedFile, "write", full)
    with pytest.raises(StoreUnavailable, match="volume is full"):
        writer.write(b"a\n")
    writer.discard()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_missing_volume_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="CRISPML_REGISTRY__PATH"):
        VolumeUploadStore(tmp_path / "file", 1000).receive("csv")
