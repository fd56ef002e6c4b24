from __future__ import annotations

import os
import time

from crispml_core.adapters.volume.publish import STAGING, StagedFolder, staging_path
from crispml_core.adapters.volume.sweep import sweep


def nobody(run_id):
    return False


def names(root):
    return sorted(path.name for path in (root / STAGING).iterdir())


def test_an_empty_volume_has_nothing_to_sweep(tmp_path):
    assert sweep(tmp_path / "registry", nobody) == []


def test_only_runs_that_are_not_live_lose_their_leftovers(tmp_path):
    for run in ("live-run", "dead-run"):
        StagedFolder(tmp_path, run).write("a", b"a")

    (removed,) = sweep(tmp_path, lambda run_id: run_id == "live-run", older_than_s=0)

    assert removed.startswith("dead-run.")
    assert [name.split(".")[0] for name in names(tmp_path)] == ["live-run"]


def test_what_grows_now_stays_even_when_its_folder_is_old(tmp_path):
    StagedFolder(tmp_path).write("part-0.parquet", b"a")
    folder = tmp_path / STAGING / names(tmp_path)[0]
    old = time.time() - 7200
    os.utime(folder, (old, old))

    assert sweep(tmp_path, nobody, older_than_s=3600) == []
    os.utime(folder / "part-0.parquet", (old, old))
    assert sweep(tmp_path, nobody, older_than_s=3600) == [folder.name]


def test_stray_files_are_swept_too(tmp_path):
    path = staging_path(tmp_path)
    path.write_bytes(b"half of an alias file")

    assert sweep(tmp_path, nobody, older_than_s=0) == [path.name]
    assert names(tmp_path) == []
