"""Arrow streams, mapped instead of read where they lie in a file."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from crispml_core.domain.errors import MalformedContent, TooLarge
from crispml_core.rest.formats.mapped import as_buffer

if TYPE_CHECKING:
    import pyarrow as pa

MAX_MESSAGE_BYTES = 256 << 20
"""Most bytes of one batch after decompression, and of all dictionaries together."""


def arrow_names(file: BinaryIO) -> list[str]:
    """Return the names of the columns.

    Raises
    ------
    MalformedContent
        If the body is no Arrow stream.
    """
    with _stream(file) as stream:
        names: list[str] = _reader(stream).schema.names
        return names


def read_arrow(file: BinaryIO) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a stream as they came, each one checked from end to end.

    Raises
    ------
    MalformedContent
        If the body is no Arrow stream, or is damaged.
    TooLarge
        If a batch has more than `MAX_MESSAGE_BYTES` once it is decompressed.
    """
    _check_sizes(file)
    with _stream(file) as stream:
        for batch in _reader(stream):
            batch.validate(full=True)
            yield batch


def _check_sizes(file: BinaryIO) -> None:
    from crispml_core.rest.formats.arrow_sizes import decompressed_sizes

    dictionaries = 0
    with _stream(file) as stream:
        length = stream.size()
        for is_dictionary, size in decompressed_sizes(stream):
            dictionaries += size if is_dictionary else 0
            # A batch that was sent as it is holds no more than the body does.
            if max(size, dictionaries) > max(MAX_MESSAGE_BYTES, length):
                most = MAX_MESSAGE_BYTES >> 20
                raise TooLarge(
                    f"a batch of the Arrow stream has more than {most} MiB; send smaller"
                )


def _reader(stream: pa.NativeFile) -> pa.RecordBatchStreamReader:
    import pyarrow as pa

    return pa.ipc.open_stream(stream, options=pa.ipc.IpcReadOptions(use_threads=False))


@contextmanager
def _stream(file: BinaryIO) -> Iterator[pa.NativeFile]:
    import pyarrow as pa

    try:
        yield pa.BufferReader(as_buffer(file))
    except (pa.ArrowException, struct.error, UnicodeDecodeError):
        raise MalformedContent(
            "the body is not an Arrow stream, or is damaged; write it again"
        ) from None
    except OSError as error:
        # pyarrow raises a bare OSError, without a number, for bytes it cannot decode.
        if error.errno is not None:
            raise
        raise MalformedContent("the Arrow stream is damaged; write it again") from None
