"""A request body that is in memory while it is small and in a file when it is not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryFile
from types import TracebackType
from typing import BinaryIO

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from crispml_core.domain.errors import InvalidInput, StoreUnavailable, TooLarge
from crispml_core.rest.content import JSON
from crispml_core.rest.formats.compression import Decompressor, content_encoding
from crispml_core.rest.late_digest import LateDigest
from crispml_core.settings import ServerSettings

_IN_MEMORY = 32 * 1024 * 1024


class Spooled:
    """The decompressed body of a request.

    Parameters
    ----------
    content : bytes or binary file
        All of it.
    digest : LateDigest
        Has seen the body as it came.
    """

    def __init__(self, content: bytes | BinaryIO, digest: LateDigest) -> None:
        self.content, self._digest = content, digest
        self._is_kept = False

    async def digest(self) -> bytes:
        """Return the SHA-256 of the body as it came."""
        return await self._digest.digest()

    def bytes(self) -> bytes:
        """Return the whole body, which is small."""
        if isinstance(self.content, bytes):
            return self.content
        self.content.seek(0)
        return self.content.read()

    def keep(self) -> Spooled:
        """Let somebody else close the body."""
        self._is_kept = True
        return self

    def release(self) -> None:
        """Close the body unless somebody else does."""
        if not self._is_kept:
            self.close()

    def close(self) -> None:
        """Let go of the file, if there is one."""
        if not isinstance(self.content, bytes):
            self.content.close()

    def __enter__(self) -> Spooled:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


@asynccontextmanager
async def spooled(request: Request, media: str, limits: ServerSettings) -> AsyncIterator[Spooled]:
    """Receive and decompress a body.

    Raises
    ------
    UnsupportedContent
        If it is compressed in a way that is not offered.
    MalformedContent
        If it is not what its ``Content-Encoding`` says.
    TooLarge
        If it has more bytes than the limit of its media type, compressed or not.
    StoreUnavailable
        If a large body finds no room.
    """
    most = limits.max_body_bytes if media == JSON else limits.max_upload_bytes
    encoding = content_encoding(request.headers.get("content-encoding"))
    expand = Decompressor(encoding, most) if encoding else None
    digest = LateDigest(request.scope)
    pieces: list[bytes] = []
    size = 0
    file: BinaryIO | None = None
    try:
        async for piece in request.stream():
            digest.update(piece)
            for part in (piece,) if expand is None else expand.feed(piece):
                size += len(part)
                if size > most:
                    raise TooLarge(f"the body is larger than the limit of {most} bytes")
                if file is None:
                    pieces.append(part)
                    if size > _IN_MEMORY and media != JSON:
                        file = await run_in_threadpool(_to_file, pieces)
                        pieces.clear()
                else:
                    await run_in_threadpool(_write, file, part)
        if expand is not None:
            expand.finish()
        if not size:
            raise InvalidInput("the body is empty: there is nothing to read")
        body = Spooled(b"".join(pieces) if file is None else file, digest)
        pieces.clear()
        file = None
    finally:
        if file is not None:
            file.close()
    try:
        yield body
    finally:
        body.release()


def _to_file(pieces: list[bytes]) -> BinaryIO:
    file: BinaryIO = TemporaryFile(prefix="crispml-")  # noqa: SIM115
    for piece in pieces:
        _write(file, piece)
    return file


def _write(file: BinaryIO, piece: bytes) -> None:
    try:
        file.write(piece)
    except OSError as error:
        raise StoreUnavailable(
            "there is no room for a body of this size: set TMPDIR to a larger volume"
        ) from error
