"""The heads of plain requests: which requests the protocol answers itself, and what it must know.

A client says the same in the head of every request on its connection, so a head that was understood
once is found again by its bytes. The first time, the parser of the server reads it: what that
refuses, or reads in another way, is not plain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import httptools

from crispml_core.rest.request_id import HEADER, is_request_id, is_traceparent

REQUEST_ID = HEADER.lower().encode()
# A request that carries one of these is not plain.
_EXTRAS = frozenset(
    {
        b"idempotency-key",
        b"content-encoding",
        b"transfer-encoding",
        b"expect",
        b"upgrade",
        b"x-api-key",
    }
)
_PLAIN_ACCEPT = frozenset({None, b"*/*", b"application/json"})
_LARGEST_BODY = 64 * 1024
_LARGEST_HEAD = 2 * 1024
_MOST = 1024

Reply = Callable[[int, bytes, bytes], None]
"""Sends an answer: its status, its header lines, its body."""


@dataclass(frozen=True, slots=True)
class PlainHead:
    """The head of one plain request: a JSON body of a known length, and nothing else to heed.

    Parameters
    ----------
    path : str
        What is asked for, without a query.
    length : int
        Bytes of the body.
    request_id : str or None
        Given by the caller, if it is one that may be kept.
    traceparent : bytes or None
        Given by the caller, if it is well-formed.
    authorization : bytes or None
        Value of the header of this name.
    """

    path: str
    length: int
    request_id: str | None
    traceparent: bytes | None
    authorization: bytes | None = None


class PlainHeads:
    """Tells whether a head is that of a plain request; remembers those that may come again.

    Parameters
    ----------
    is_answered : callable
        Whether somebody answers plain requests for a path.
    """

    def __init__(self, is_answered: Callable[[str], bool]) -> None:
        self._is_answered = is_answered
        self._known: dict[bytes, PlainHead] = {}

    def find(self, head: bytes) -> PlainHead | None:
        """Return what a head says, without the empty line that ends it; None if it is not plain."""
        found = self._known.get(head)
        if found is not None or not head.startswith(b"POST /") or len(head) > _LARGEST_HEAD:
            return found
        target, _, _ = head[5:].partition(b" ")
        if not target.isascii() or not self._is_answered(target.decode("ascii")):
            return None
        found = _read(head)
        if found is not None and found.request_id is None and found.traceparent is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[head] = found
        return found


class _Reader:
    """Takes down what the parser finds."""

    def __init__(self) -> None:
        self.url = b""
        self.fields: list[tuple[bytes, bytes]] = []
        self.is_whole = False

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.is_whole = True


def _read(head: bytes) -> PlainHead | None:
    reader = _Reader()
    parser = httptools.HttpRequestParser(reader)
    try:
        parser.feed_data(head + b"\r\n\r\n")
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    fields = dict(reader.fields)
    if (
        not reader.is_whole
        or len(fields) < len(reader.fields)  # something is said twice
        or not _EXTRAS.isdisjoint(fields)
        or fields.get(b"content-type") != b"application/json"
        or fields.get(b"accept") not in _PLAIN_ACCEPT
        or parser.get_http_version() != "1.1"
        or not parser.should_keep_alive()
        or not 0 < int(fields.get(b"content-length", b"0")) <= _LARGEST_BODY
    ):
        return None
    request_id = fields.get(REQUEST_ID, b"").decode("latin-1")
    traceparent = fields.get(b"traceparent", b"")
    return PlainHead(
        path=reader.url.decode("ascii"),
        length=int(fields[b"content-length"]),
        request_id=request_id if is_request_id(request_id) else None,
        traceparent=traceparent if is_traceparent(traceparent.decode("latin-1")) else None,
        authorization=fields.get(b"authorization"),
    )
