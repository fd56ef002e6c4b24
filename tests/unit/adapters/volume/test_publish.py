from __future__ import annotations

import errno
import json
import os
import signal
from pathlib import Path

import pytest

from crispml_core.adapters.volume.artefact_store import VolumeArtefactStore
from crispml_core.adapters.volume.dataset_store import VolumeDataSetStore
from crispml_core.adapters.volume.errors import sentence, volume_problem
from crispml_core.adapters.volume.publish import STAGING, StagedFolder
from crispml_core.adapters.volume.sweep import sweep
from crispml_core.domain.errors import StoreUnavailable

pytestmark = pytest.mark.slow

# Rows that zstd cannot make small.
ROWS = """
import os, sys
from pathlib import Path
import pyarrow as pa
from crispml_core.adapters.volume.artefact_store import VolumeArtefactStore
from crispml_core.adapters.volume.dataset_store import VolumeDataSetStore
from crispml_core.domain.datasets import Stage
from crispml_core.domain.errors import StoreUnavailable
def batch(rows=40_000):
    return pa.record_batch({"x": pa.array([os.urandom(8).hex() for _ in range(rows)])})
root = Path(sys.argv[1]) / "registry"
store = VolumeDataSetStore(root)
"""

REPORT = """
left = sum(file.stat().st_size for file in Path(sys.argv[1]).rglob("*") if file.is_file())
print(json.dumps({"message": message, "found": len(store.find()), "left": left}))
"""

FULL = (
    "import json\n"
    + ROWS
    + """
writer = store.writer("credit", Stage.RAW)
message = None
try:
    for _ in range(8):
        writer.write(batch())
    writer.publish()
except StoreUnavailable as error:
    message = error.message
"""
    + REPORT
)

# What fits into 1 MiB waits in memory until publish.
FULL_AT_PUBLISH = FULL.replace("range(8)", "range(3)")

READ_ONLY = (
    "import json, subprocess\n"
    + ROWS
    + """
writer = store.writer("credit", Stage.RAW)
writer.write(batch(10))
dataset = writer.publish()
subprocess.run(["mount", "-o", "remount,ro", sys.argv[1]], check=True)
message = None
try:
    writer = store.writer("credit", Stage.RAW)
    writer.write(batch(10))
except StoreUnavailable as error:
    message = error.message
fresh = VolumeDataSetStore(root)
assert fresh.table(dataset.id).num_rows == 10
assert sum(part.num_rows for part in fresh.batches(dataset.id)) == 10
"""
    + REPORT
)

LIMITED = (
    "import json, resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
    + ROWS
    + """
message = None
try:
    writer = store.writer("credit", Stage.RAW)
    writer.write(batch())
    writer.publish()
except StoreUnavailable as error:
    message = error.message
"""
    + REPORT
)

DYING = (
    ROWS
    + """
writer = store.writer("credit", Stage.RAW, "run-1")
for _ in range(4):
    writer.write(batch())
print("ready", flush=True)
sys.stdin.read()
"""
)

RACING = (
    ROWS
    + """
writer = store.writer("credit", Stage.RAW)
writer.write(pa.record_batch({"x": pa.array(["same"] * 1000)}))
print("ready", flush=True)
sys.stdin.readline()
dataset = writer.publish()
print(dataset.id, dataset.created_at.isoformat(), flush=True)
"""
)


def test_files_appear_together_and_nothing_stays_in_staging(tmp_path):
    staged = StagedFolder(tmp_path, "run-1")
    staged.write("a.txt", b"a")
    staged.write("b.txt", b"b")
    assert not (tmp_path / "models").exists()

    assert staged.publish(tmp_path / "models" / "credit" / "v1")

    folder = tmp_path / "models" / "credit" / "v1"
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
        "a.txt": b"a",
        "b.txt": b"b",
    }
    assert list((tmp_path / STAGING).iterdir()) == []


def test_what_is_there_is_never_replaced(tmp_path):
    target = tmp_path / "artifacts" / "a1"
    first = StagedFolder(tmp_path)
    first.write("a.txt", b"first")
    assert first.publish(target)

    second = StagedFolder(tmp_path)
    second.write("a.txt", b"second")
    assert not second.publish(target)
    second.discard()

    assert (target / "a.txt").read_bytes() == b"first"
    assert list((tmp_path / STAGING).iterdir()) == []


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden"])
def test_a_file_cannot_leave_its_folder(tmp_path, name):
    staged = StagedFolder(tmp_path)
    with pytest.raises(ValueError, match="must match"):
        staged.write(name, b"")


def test_the_manifest_is_not_a_file_of_the_caller(tmp_path, artefact):
    with pytest.raises(ValueError, match=r"manifest\.json"):
        VolumeArtefactStore(tmp_path).publish(artefact, {"manifest.json": b"{}"})
    assert list((tmp_path / STAGING).iterdir()) == []


def test_every_file_and_folder_is_forced_to_the_volume_before_the_rename(
    tmp_path, artefact, monkeypatch
):
    log = []
    real_fsync, real_rename = os.fsync, os.rename

    def fsync(descriptor):
        log.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        real_fsync(descriptor)

    def rename(source, target):
        log.append("RENAME")
        real_rename(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", rename)
    VolumeArtefactStore(tmp_path).publish(artefact, {"model.skops": b"x"})

    before, after = log[: log.index("RENAME")], log[log.index("RENAME") + 1 :]
    staged = next(name for name in before if name.startswith("run-1."))
    assert before.index("model.skops") < before.index("manifest.json") < before.index(staged)
    assert after == ["artifacts"]


def test_stores_create_nothing_before_the_first_write(tmp_path):
    root = tmp_path / "registry"
    store = VolumeDataSetStore(root)

    assert store.find() == []
    assert VolumeArtefactStore(root).find() == []
    assert not root.exists()


@pytest.mark.parametrize("script", [FULL, FULL_AT_PUBLISH], ids=["while-writing", "at-publish"])
def test_a_full_volume_is_named_and_left_as_it_was(run_on_mount, script):
    report = json.loads(run_on_mount(script))

    assert report["message"].startswith("the registry volume is full")
    assert "CRISPML_REGISTRY__PATH" in report["message"]
    assert (report["found"], report["left"]) == (0, 0)


def test_a_file_size_limit_counts_as_full(start_child, tmp_path):
    out, _ = start_child(LIMITED, tmp_path).communicate(timeout=60)
    report = json.loads(out)

    assert report["message"].startswith("the registry volume is full")
    assert (report["found"], report["left"]) == (0, 0)


def test_a_read_only_volume_is_read_and_refuses_writes(run_on_mount):
    report = json.loads(run_on_mount(READ_ONLY))

    assert report["message"].startswith("the registry volume is read-only")
    assert "CRISPML_REGISTRY__PATH" in report["message"]
    assert report["found"] == 1


def test_a_root_that_is_no_folder_is_named_as_missing(tmp_path, artefact):
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreUnavailable, match=r"volume is missing.*CRISPML_REGISTRY__PATH"):
        VolumeArtefactStore(tmp_path / "file" / "registry").publish(artefact, {})


def test_an_error_names_no_path_of_the_machine():
    codes = (errno.ENOSPC, errno.EROFS, errno.ENOENT, errno.EIO, errno.ESTALE)
    sentences = [sentence(OSError(code, "text", "/secret/place")) for code in codes]

    assert all("secret" not in text and "CRISPML_REGISTRY__PATH" in text for text in sentences)
    assert "EIO" in sentences[3]


def test_a_health_check_says_what_is_wrong(tmp_path):
    (tmp_path / "file").write_text("")

    assert volume_problem(tmp_path, writable=True) is None
    assert volume_problem(tmp_path / "new" / "registry", writable=True) is None
    assert "missing" in str(volume_problem(tmp_path / "new", writable=False))
    assert "missing" in str(volume_problem(tmp_path / "file" / "registry", writable=True))


def test_a_killed_writer_leaves_nothing_visible_and_the_sweep_cleans_up(start_child, tmp_path):
    child = start_child(DYING, tmp_path)
    assert child.stdout.readline() == "ready\n"
    child.send_signal(signal.SIGKILL)
    child.wait()

    root = tmp_path / "registry"
    (leftover,) = (root / STAGING).iterdir()
    assert (leftover / "part-0.parquet").stat().st_size > 100_000
    assert VolumeDataSetStore(root).find() == []
    assert sweep(root, lambda run_id: run_id == "run-1", older_than_s=0) == []
    assert sweep(root, lambda run_id: False, older_than_s=0) == [leftover.name]
    assert list((root / STAGING).iterdir()) == []


def test_two_processes_that_publish_the_same_rows_get_the_same_version(start_child, tmp_path):
    children = [start_child(RACING, tmp_path) for _ in range(2)]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    first, second = (child.stdout.readline().split() for child in children)

    assert first == second
    root = tmp_path / "registry"
    assert [found.id for found in VolumeDataSetStore(root).find()] == [first[0]]
    assert list((root / STAGING).iterdir()) == []
