"""The bytes of a body for pyarrow, without a copy where that is possible."""

from __future__ import annotations

import mmap
from io import BytesIO, UnsupportedOperation
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import pyarrow as pa


def as_buffer(file: BinaryIO) -> pa.Buffer:
    """Return the bytes of a file, which is mapped if it is a real one."""
    import pyarrow as pa

    if isinstance(file, BytesIO):
        return pa.py_buffer(file.getbuffer())
    try:
        content: mmap.mmap | bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (UnsupportedOperation, AttributeError, ValueError):
        file.seek(0)
        content = file.read()
    return pa.py_buffer(content)
