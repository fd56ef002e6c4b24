"""What the operating system says about the volume, in the words of an operator."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crispml_core.domain.errors import RegistryDamaged, StoreUnavailable

SETTING = "CRISPML_REGISTRY__PATH"

# A file size limit (EFBIG) stops a writer just as a full disk does.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
_MISSING = {errno.ENOENT, errno.ENOTDIR, errno.EEXIST}


def sentence(error: OSError) -> str:
    """Say what is wrong with the volume and what to do, without a path of the machine."""
    if error.errno in _FULL:
        return f"the registry volume is full: free space on the volume that {SETTING} names"
    if error.errno in _READ_ONLY:
        return (
            "the registry volume is read-only: mount it writable for this service, "
            f"or let {SETTING} name one that is"
        )
    if error.errno in _MISSING:
        return f"the registry volume is missing: let {SETTING} name a folder on a mounted volume"
    code = errno.errorcode.get(error.errno or 0, "unknown error")
    return f"the registry volume does not answer ({code}): check the volume that {SETTING} names"


@contextmanager
def registry_errors() -> Iterator[None]:
    """Turn an `OSError` of the volume into `StoreUnavailable`."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(sentence(error)) from error


def damaged(file: str, reason: str) -> RegistryDamaged:
    """Make the error for a file of the registry that is not what it should be.

    Parameters
    ----------
    file : str
        The file, relative to the root of the registry.
    reason : str
        What is wrong with it.
    """
    folder = file.rpartition("/")[0]
    return RegistryDamaged(
        f"file {file} of the registry {reason}: restore it from a backup, "
        f"or remove the folder {folder} and make its content again"
    )


def volume_problem(root: Path, *, writable: bool) -> str | None:
    """Return what keeps the registry from being used, or None; for health checks.

    Parameters
    ----------
    root : Path
        The folder of the registry.
    writable : bool
        Whether the service writes. A writer may create a folder that is not there yet.
    """
    folder = root
    while writable and not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        return sentence(OSError(errno.ENOENT, ""))
    if not os.access(folder, os.R_OK | os.X_OK | (os.W_OK if writable else 0)):
        return sentence(OSError(errno.EROFS if writable else errno.EIO, ""))
    return None
