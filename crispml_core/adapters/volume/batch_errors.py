"""What the operating system says about the volume of batches, in the words of an operator."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from crispml_core.domain.errors import StoreUnavailable

SETTING = "CRISPML_BATCH__PATH"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


@contextmanager
def batch_errors() -> Iterator[None]:
    """Turn an `OSError` of the volume into `StoreUnavailable`, without a path of the machine."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(_sentence(error)) from error


def _sentence(error: OSError) -> str:
    if error.errno in _FULL:
        return f"the volume of batches is full: free space on the volume that {SETTING} names"
    if error.errno in _READ_ONLY:
        return f"the volume of batches is read-only: let {SETTING} name a folder that is writable"
    code = errno.errorcode.get(error.errno or 0, "unknown error")
    return f"the volume of batches does not answer ({code}): check what {SETTING} names"
