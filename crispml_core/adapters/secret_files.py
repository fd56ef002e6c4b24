"""Files that only their owner reads, as those of keys."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from uuid import uuid4

from crispml_core.adapters.folders import sync_folder

PRIVATE = 0o600
_MOST_BYTES = 1 << 16


class OthersCanRead(Exception):
    """A secret is readable or writable for somebody else than its owner."""


def read_secret(file: Path) -> bytes:
    """Read a file that is for oneself only.

    A secret that a platform mounts belongs to root and is read through the group; as in the server
    of PostgreSQL that is permitted.

    Raises
    ------
    OSError
        If it cannot be read.
    OthersCanRead
        If others can read or change it.
    """
    with file.open("rb") as source:
        found = os.fstat(source.fileno())
        content = source.read(_MOST_BYTES)
    permitted = 0o640 if found.st_uid == 0 and os.getuid() != 0 else PRIVATE
    if stat.S_IMODE(found.st_mode) & ~permitted:
        raise OthersCanRead
    return content


def write_new(file: Path, content: bytes, mode: int = PRIVATE) -> None:
    """Write a new file as a whole; never a part of it is seen, and never by more than `mode`.

    Raises
    ------
    FileExistsError
        If it is there already; nothing is changed.
    """
    part = _written(file, content, mode)
    try:
        os.link(part, file)  # unlike a rename it replaces nothing
    finally:
        part.unlink()
    sync_folder(file.parent)


def replace_secret(file: Path, content: bytes) -> None:
    """Write a file as a whole in the place of the one before."""
    part = _written(file, content, PRIVATE)
    try:
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(file.parent)


def _written(file: Path, content: bytes, mode: int) -> Path:
    part = file.with_name(f".{uuid4().hex}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return part
