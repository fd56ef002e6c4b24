"""Content types: what a body says it is, and what an answer may be."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import Message

from starlette.datastructures import Headers

from crispml_core.domain.errors import UnsupportedContent

JSON, HTML, CSV = "application/json", "text/html", "text/csv"
TAR = "application/x-tar"
UPLOAD_FORMATS = {CSV: "csv", "application/vnd.apache.parquet": "parquet"}
# Bodies with the limit of uploads: they go to a volume or a file, not into memory.
LARGE_BODIES = frozenset(
    {
        *UPLOAD_FORMATS,
        TAR,
        "application/x-ndjson",
        "application/jsonlines",
        "application/vnd.apache.arrow.stream",
    }
)


class NotAcceptable(UnsupportedContent):
    """Raised when an ``Accept`` header allows nothing that is offered."""

    code = "not_acceptable"


def media_type(content_type: str) -> str:
    """Return the type and subtype of a ``Content-Type`` in lower case; empty when there is none."""
    return content_type.split(";")[0].strip().lower()


def check_content(headers: Headers, offered: Sequence[str] = (JSON,)) -> str:
    """Return the media type of a request body, if it is offered.

    Raises
    ------
    UnsupportedContent
        If the type is not among `offered`, the text is not UTF-8, or the body is compressed.
    """
    content_type = headers.get("content-type", "")
    media = media_type(content_type)
    if media not in offered:
        raise UnsupportedContent(f"header Content-Type must be one of: {', '.join(offered)}")
    parsed = Message()
    parsed["content-type"] = content_type
    if str(parsed.get_param("charset", "utf-8")).lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedContent("header Content-Type: the only charset is utf-8")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedContent("header Content-Encoding: send the body uncompressed")
    return media


def negotiate(accept: str | None, offered: Sequence[str]) -> str:
    """Return the offered media type that an ``Accept`` header likes best; the first one by default.

    Raises
    ------
    NotAcceptable
        If the header accepts none of them.
    """
    if not accept:
        return offered[0]
    best, best_quality = "", 0.0
    for media in offered:
        quality = _quality(accept, media)
        if quality > best_quality:
            best, best_quality = media, quality
    if not best:
        raise NotAcceptable(f"header Accept must allow one of: {', '.join(offered)}")
    return best


def _quality(accept: str, media: str) -> float:
    """Return the weight of the most specific range around `media` (RFC 9110, section 12.5.1)."""
    ranges = {"*/*": 0, media.split("/")[0] + "/*": 1, media: 2}
    found = (-1, 0.0)
    for part in accept.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name in ranges:
            weights = [text[2:] for text in parameters if text.startswith("q=")]
            found = max(found, (ranges[name], _weight(weights[0]) if weights else 1.0))
    return found[1]


def _weight(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
