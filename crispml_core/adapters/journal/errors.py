"""What the operating system says about the volume of the journal, in the words of an operator."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from crispml_core.domain.errors import StoreUnavailable

SETTING = "CRISPML_JOURNAL__PATH"

# A file size limit (EFBIG) stops a writer just as a full disk does.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
_MISSING = {errno.ENOENT, errno.ENOTDIR}


def sentence(error: OSError) -> str:
    """Say what is wrong with the volume and what to do, without a path of the machine."""
    if error.errno in _FULL:
        return f"the volume of the journal is full: free space on the one that {SETTING} names"
    if error.errno in _READ_ONLY:
        return (
            "the volume of the journal is read-only: mount it writable for this service, "
            f"or let {SETTING} name one that is"
        )
    if error.errno in _MISSING:
        return f"the volume of the journal is missing: let {SETTING} name a folder on a volume"
    code = errno.errorcode.get(error.errno or 0, "unknown error")
    return f"the volume of the journal does not answer ({code}): check the one {SETTING} names"


@contextmanager
def journal_errors() -> Iterator[None]:
    """Turn an `OSError` of the volume into `StoreUnavailable`."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(sentence(error)) from error
