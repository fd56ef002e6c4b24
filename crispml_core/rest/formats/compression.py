"""Compressed bodies and answers: gzip and zstd, as a stream, with a cap on what comes out."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, Protocol

from crispml_core.domain.errors import MalformedContent, TooLarge, UnsupportedContent

ENCODINGS = ("zstd", "gzip")
"""What ``Content-Encoding`` may be and what ``Accept-Encoding`` may get, the better one first."""

SMALLEST_COMPRESSED = 1024
"""An answer of so many bytes or fewer is sent as it is."""

_GZIP = 16 + zlib.MAX_WBITS
_GZIP_LEVEL, _ZSTD_LEVEL = 1, 1
_PIECE = 1 << 20
# A block of zstd has at least 4 bytes and at most 128 KiB when decompressed: 16 MiB in all.
_ZSTD_SLICE = 512
# The most that a decoder of the HTTP coding must provide (RFC 9659).
_ZSTD_WINDOW = 8 << 20


def content_encoding(header: str | None) -> str:
    """Return ``gzip``, ``zstd``, or nothing for a body that is sent as it is.

    Raises
    ------
    UnsupportedContent
        If the header names another encoding or several.
    """
    name = (header or "identity").strip().lower()
    if name == "identity":
        return ""
    name = {"x-gzip": "gzip"}.get(name, name)
    if name not in ENCODINGS:
        raise UnsupportedContent(f"header Content-Encoding must be one of: {', '.join(ENCODINGS)}")
    return name


class Decompressor:
    """Decompresses a body while it arrives.

    Parameters
    ----------
    encoding : str
        From `content_encoding`, not empty.
    limit : int
        Most bytes that may come out.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        self._limit, self._size = limit, 0
        self._stream: _Stream = _Gzip() if encoding == "gzip" else _Zstd()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next bytes say, in pieces of a few MiB at most.

        Raises
        ------
        TooLarge
            If more comes out than the limit; nothing beyond it was held in memory for long.
        MalformedContent
            If the bytes are not of this encoding.
        """
        for piece in self._stream.pieces(data):
            self._size += len(piece)
            if self._size > self._limit:
                raise TooLarge(f"the body has more than {self._limit} bytes when decompressed")
            yield piece

    def finish(self) -> None:
        """Raise `MalformedContent` if the body ended too early."""
        if not self._stream.is_complete:
            raise MalformedContent("the compressed body ends too early")


def decompress(body: bytes, encoding: str, limit: int) -> bytes:
    """Return a body that came at once, decompressed; raises what `Decompressor` raises."""
    decompressor = Decompressor(encoding, limit)
    whole = b"".join(decompressor.feed(body))
    decompressor.finish()
    return whole


class _Stream(Protocol):
    @property
    def is_complete(self) -> bool: ...

    def pieces(self, data: bytes) -> Iterator[bytes]: ...


class _Gzip:
    """One or more gzip members."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)
        self._begun = False

    @property
    def is_complete(self) -> bool:
        return self._begun and self._member.eof

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
            self._begun = True
            try:
                piece = self._member.decompress(data, _PIECE)
            except zlib.error:
                raise MalformedContent("the body is not gzip, or is damaged") from None
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            yield piece
            if not self._member.eof and not data:
                yield from self._rest()

    def _rest(self) -> Iterator[bytes]:
        """Yield what zlib still holds although it has read everything."""
        while piece := self._member.decompress(b"", _PIECE):
            yield piece


class _Zstd:
    """One or more zstd frames."""

    def __init__(self) -> None:
        import zstandard

        self._library = zstandard
        self._frame: Any = None

    @property
    def is_complete(self) -> bool:
        return self._frame is not None and bool(self._frame.eof)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _ZSTD_SLICE):
            rest = data[start : start + _ZSTD_SLICE]
            while rest:
                if self._frame is None or self._frame.eof:
                    reader = self._library.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
                    self._frame = reader.decompressobj()
                try:
                    yield self._frame.decompress(rest)
                except self._library.ZstdError:
                    raise MalformedContent("the body is not zstd, or is damaged") from None
                rest = self._frame.unused_data if self._frame.eof else b""


def accepted_encoding(header: str | None) -> str:
    """Return the encoding of `ENCODINGS` that an ``Accept-Encoding`` header likes best, or nothing.

    Examples
    --------
    >>> accepted_encoding("gzip;q=0.5, zstd")
    'zstd'
    >>> accepted_encoding("br, zstd;q=0")
    ''
    """
    best, best_weight = "", 0.0
    weights = dict(map(_weighted, (header or "").lower().split(",")))
    for name in ENCODINGS:
        weight = weights.get(name, weights.get("*", 0.0))
        if weight > best_weight:
            best, best_weight = name, weight
    return best


def _weighted(part: str) -> tuple[str, float]:
    name, _, weight = part.partition(";")
    try:
        return name.strip(), float(weight.strip().removeprefix("q=")) if weight else 1.0
    except ValueError:
        return name.strip(), 0.0


class Compressor:
    """Compresses an answer piece by piece; `encoding` is from `accepted_encoding`, not empty."""

    def __init__(self, encoding: str) -> None:
        self._stream: Any
        if encoding == "gzip":
            self._stream = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP)
        else:
            import zstandard

            self._stream = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj()

    def chunk(self, data: bytes) -> bytes:
        """Return what can be sent already; it may be nothing."""
        compressed: bytes = self._stream.compress(data)
        return compressed

    def end(self) -> bytes:
        """Return the rest."""
        rest: bytes = self._stream.flush()
        return rest


def compress(body: bytes, encoding: str) -> bytes:
    """Return an answer that is there as a whole, compressed."""
    compressor = Compressor(encoding)
    return compressor.chunk(body) + compressor.end()
