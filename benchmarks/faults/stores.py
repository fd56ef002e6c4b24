"""Faults of the stores: a lock that another process holds, a volume that is small."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.faults.world import World


@contextlib.contextmanager
def locked(world: World) -> Iterator[None]:
    """Hold the write lock of the database inside the block, as another process would."""
    connection = sqlite3.connect(world.database, timeout=30, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
    finally:
        connection.close()


def can_mount(folder: Path) -> bool:
    """Return whether this process may mount file systems."""
    folder.mkdir(parents=True, exist_ok=True)
    if subprocess.run(_mount(folder, "1m"), capture_output=True).returncode:
        return False
    _unmount(folder)
    return True


@contextlib.contextmanager
def small_volume(folder: Path, size: str) -> Iterator[None]:
    """Put a file system of this size, for example ``4m``, over an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(_mount(folder, size), check=True)
    try:
        yield
    finally:
        _unmount(folder)


class Disk:
    """An ext4 file system in a file, which can turn read-only below those who write to it.

    Parameters
    ----------
    folder : Path
        Where it is mounted.
    size_mib : int
        How large it is.
    """

    def __init__(self, folder: Path, size_mib: int) -> None:
        self._folder, self._image = folder, folder.with_name(folder.name + ".img")
        folder.mkdir()
        with self._image.open("wb") as image:
            image.truncate(size_mib * 2**20)
        _run("mkfs.ext4", "-q", str(self._image))
        self._mount()

    def turn_read_only(self) -> None:
        """Do what the kernel does when a disk reports errors."""
        _run("mount", "-o", "remount,abort", str(self._folder))

    def repair(self) -> None:
        """Make it writable again, when nobody uses it any more."""
        _run("umount", str(self._folder))
        _run("fsck.ext4", "-p", "-f", str(self._image), most=1)  # 1: errors were corrected
        self._mount()

    def close(self) -> None:
        """Take it away from its folder; who has a file open keeps it."""
        _unmount(self._folder)

    def _mount(self) -> None:
        _run("mount", "-o", "loop", str(self._image), str(self._folder))


@contextlib.contextmanager
def failing_disk(folder: Path, size_mib: int) -> Iterator[Disk]:
    """Mount a `Disk` for the block."""
    disk = Disk(folder, size_mib)
    try:
        yield disk
    finally:
        disk.close()


def fill(file: Path) -> None:
    """Write a file until its volume is full."""
    piece = bytes(4096)
    with contextlib.suppress(OSError), file.open("ab", buffering=0) as target:
        while target.write(piece):
            pass


def _run(*command: str, most: int = 0) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode > most:
        raise OSError(f"{command[0]} failed: {done.stderr.strip()}")


def _mount(folder: Path, size: str) -> list[str]:
    return ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
