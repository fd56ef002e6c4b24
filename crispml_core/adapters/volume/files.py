"""Files that are hashed while they are written and checked when they are read."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crispml_core.adapters.volume.errors import damaged
from crispml_core.domain.datasets import StoredFile

FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_CHUNK = 1 << 20
FOLDER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class HashedFile(io.RawIOBase):
    """A new file whose SHA-256 is known when its last byte is written.

    Parameters
    ----------
    path : Path
        Where to write; must not exist.
    """

    def __init__(self, path: Path) -> None:
        self._name = path.name
        # Without a buffer: closing after a full disk has nothing left to write, so it cannot fail.
        self._file = open(path, "xb", buffering=0)  # noqa: SIM115
        self._digest = hashlib.sha256()
        self._size = 0
        self._muted = False

    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    def write(self, data: Any, /) -> int:
        """Write all of `data`, however often the volume takes only a part of it."""
        left = memoryview(data).cast("B")
        size = len(left)
        if not self._muted:
            self._digest.update(left)
            while left:
                left = left[self._file.write(left) :]
        self._size += size
        return size

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._size

    def mute(self) -> None:
        """Drop everything from now on, so that a writer above can end without the volume."""
        self._muted = True

    def finish(self) -> StoredFile:
        """Force the bytes to the volume and say what the file is."""
        os.fsync(self._file.fileno())
        self.close()
        return StoredFile(self._name, self._size, self._digest.hexdigest())

    def close(self) -> None:
        """Close the file; harmless when it is closed."""
        self._file.close()
        super().close()


def chunks_checked(root: Path, folder: Path, file: StoredFile) -> Iterator[bytes]:
    """Yield the bytes of a file; at its end they are known to be exactly those of its manifest.

    Raises
    ------
    RegistryDamaged
        If the file is missing, or when its bytes turn out to differ.
    """
    where = _checked_name(root, folder, file)
    digest, size = hashlib.sha256(), 0
    try:
        with open(folder / file.name, "rb") as content:
            while chunk := content.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                yield chunk
    except FileNotFoundError:
        raise damaged(where, "is missing") from None
    if size != file.size or digest.hexdigest() != file.sha256:
        raise damaged(where, "is not what its manifest says")


def read_checked(root: Path, folder: Path, file: StoredFile) -> bytes:
    """Return the bytes of a file that are exactly those of its manifest.

    Raises
    ------
    RegistryDamaged
        If the file is missing or its bytes differ.
    """
    where = _checked_name(root, folder, file)
    try:
        content = (folder / file.name).read_bytes()
    except FileNotFoundError:
        raise damaged(where, "is missing") from None
    if len(content) != file.size or hashlib.sha256(content).hexdigest() != file.sha256:
        raise damaged(where, "is not what its manifest says")
    return content


def _checked_name(root: Path, folder: Path, file: StoredFile) -> str:
    """Return what a file is called in errors; refuse a name that leads out of the folder."""
    where = folder.relative_to(root).as_posix()
    if not FILE_NAME.fullmatch(file.name):
        raise damaged(f"{where}/manifest.json", "names a wrong file")
    return f"{where}/{file.name}"
