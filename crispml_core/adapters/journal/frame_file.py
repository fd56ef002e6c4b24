"""A file of frames that one process holds, and that another takes over when that one is gone."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from crispml_core.adapters.folders import make_folder, sync_folder
from crispml_core.adapters.journal.errors import SETTING, journal_errors, sentence
from crispml_core.adapters.journal.frames import header, scan
from crispml_core.domain.errors import StoreUnavailable

DAMAGED = ".damaged"


class FrameFile:
    """An open file of frames, locked for as long as it is open if locks are to be relied on.

    Appending and reading may happen in two threads: a reader sees what was acknowledged when it
    began.

    Parameters
    ----------
    path : Path
        Where the file is.
    descriptor : int
        The open file; its lock is held where there is one.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor
        self._end = os.fstat(descriptor).st_size
        self._damaged_bytes = 0
        self._aside: set[tuple[int, int]] = set()

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path

    @property
    def damaged_bytes(self) -> int:
        """How many bytes the last reading found damaged."""
        return self._damaged_bytes

    @classmethod
    def create(cls, path: Path, *, locked: bool = True) -> FrameFile:
        """Make a file that must not exist."""
        with journal_errors():
            make_folder(path.parent)
            if path.exists():
                raise StoreUnavailable(
                    f"the folder of {SETTING} has a journal of this name already: "
                    "every process needs a name of its own"
                )
            # It gets its name when it is locked, or somebody could take it for one left behind.
            unnamed = path.with_name(f".{path.name}")
            descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o640)
            try:
                if locked:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.rename(unnamed, path)
                sync_folder(path.parent)
            except OSError:
                os.close(descriptor)
                raise
        return cls(path, descriptor)

    @classmethod
    def adopt(cls, path: Path) -> FrameFile | None:
        """Take over a file, or return None when a process has it or it is gone."""
        with journal_errors():
            try:
                descriptor = os.open(path, os.O_RDWR)
            except FileNotFoundError:
                return None
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(descriptor)
                if isinstance(error, BlockingIOError):
                    return None
                raise
        if os.fstat(descriptor).st_nlink == 0:  # replayed and removed before the lock was free
            os.close(descriptor)
            return None
        return cls(path, descriptor)

    @classmethod
    def take(cls, path: Path) -> FrameFile | None:
        """Open a file that is this process' own by other means than a lock; None if it is gone."""
        with journal_errors():
            try:
                return cls(path, os.open(path, os.O_RDWR))
            except FileNotFoundError:
                return None

    def has_its_name(self) -> bool:
        """Return whether the file is found where it was made.

        It is opened by its name: what is only asked for may be answered from the memory of this
        machine, where another one has moved it.
        """
        try:
            found = os.open(self._path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno == errno.ESTALE:
                return False
            raise StoreUnavailable(sentence(error)) from error
        try:
            return os.path.samestat(os.fstat(found), os.fstat(self._descriptor))
        finally:
            os.close(found)

    def append(self, payload: bytes) -> None:
        """Write one frame and force it to the volume; after an error nothing of it is there."""
        parts = [header(payload), payload]
        with journal_errors():
            try:
                written = _write(self._descriptor, parts, self._end)
                os.fdatasync(self._descriptor)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(self._descriptor, self._end)
                raise
        self._end += written

    def frames(self) -> Iterator[bytes]:
        """Return every payload, oldest first; what is damaged is put aside before."""
        with journal_errors():
            content = scan(self._read, self._end)
            self._put_aside(content.damaged)
        for start, length in content.frames:
            with journal_errors():
                payload = self._read(start, length)
            yield payload

    def clear(self) -> None:
        """Drop every frame; the file stays."""
        with journal_errors():
            os.ftruncate(self._descriptor, 0)
            os.fsync(self._descriptor)
        self._end = 0
        self._aside.clear()

    def remove(self) -> None:
        """Remove the file and close it."""
        with journal_errors():
            self._path.unlink(missing_ok=True)
            sync_folder(self._path.parent)
        self.close()

    def close(self) -> None:
        """Give up the file and its lock; harmless when it is closed."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _read(self, start: int, length: int) -> bytes:
        return os.pread(self._descriptor, length, start)

    def _put_aside(self, damaged: list[tuple[int, int]]) -> None:
        self._damaged_bytes = sum(length for _, length in damaged)
        new = [part for part in damaged if part not in self._aside]
        if not new:
            return
        with open(self._path.with_name(self._path.name + DAMAGED), "ab") as aside:
            for start, length in new:
                aside.write(self._read(start, length))
            aside.flush()
            os.fsync(aside.fileno())
        sync_folder(self._path.parent)
        self._aside.update(new)


def _write(descriptor: int, parts: list[bytes], place: int) -> int:
    """Write all bytes, however often the volume takes only a part of them."""
    done = os.pwritev(descriptor, parts, place)
    total = sum(map(len, parts))
    if done < total:
        left = memoryview(b"".join(parts))
        while done < total:
            done += os.pwrite(descriptor, left[done:], place + done)
    return total
