"""Whether what is stored is encrypted below us, as far as this machine can tell.

Linux says for every block device what it is made of: a device of dm-crypt (LUKS) has a uuid that
begins with ``CRYPT-``, and one that lies on others names them as its slaves. What a cloud encrypts
below its disks, what a storage system does, and what a file system encrypts itself is not seen.
"""

from __future__ import annotations

import os
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from crispml_core.adapters.sql.databases.capabilities import capabilities

_SYS = Path("/sys/dev/block")


def folder_is_encrypted(folder: Path, sys: Path = _SYS) -> bool | None:
    """Return whether a folder lies on an encrypted block device; None if nobody can tell.

    Parameters
    ----------
    folder : Path
        It need not exist: then the next folder above counts.
    sys : Path
        Where the kernel lists block devices by number.
    """
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    number = os.stat(folder).st_dev
    return _device_is_encrypted(sys / f"{os.major(number)}:{os.minor(number)}")


def _device_is_encrypted(device: Path) -> bool | None:
    if not device.exists():
        return None  # a network, memory, or layers of a container
    try:
        uuid = (device / "dm" / "uuid").read_text()
    except OSError:
        uuid = ""
    if uuid.startswith("CRYPT-"):
        return True
    try:
        below = sorted((device / "slaves").iterdir())
    except OSError:
        below = []
    found = [_device_is_encrypted(part) for part in below]
    if not found:
        return False
    return None if None in found else all(found)


def database_is_encrypted(engine: Engine) -> bool | None:
    """Return whether a database says that it is encrypted; None if it cannot tell.

    A SQLite file is as encrypted as its folder. Db2 knows of its native encryption. PostgreSQL has
    none, and cannot see what is below it.
    """
    can = capabilities(engine.dialect)
    if can.in_process:
        file = engine.url.database or ""
        return folder_is_encrypted(Path(file.removeprefix("file:")).absolute())
    if can.encryption_query is None:
        return None
    try:
        with engine.connect() as connection:
            found = connection.execute(sa.text(can.encryption_query)).scalars().all()
    except DBAPIError:
        return None  # no right to ask, or a server that has no such function
    # Where nothing is encrypted the algorithm is missing.
    return bool(found) and all(algorithm is not None for algorithm in found)
