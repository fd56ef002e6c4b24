"""The media types of records and of scores, and what a header says about them."""

from __future__ import annotations

from email.message import Message

from crispml_core.domain.errors import UnsupportedContent
from crispml_core.rest.content import JSON, media_type, negotiate

NDJSON = "application/x-ndjson"
JSON_LINES = "application/jsonlines"
CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"

RECORD_MEDIA = (JSON, NDJSON, CSV, PARQUET, ARROW)
"""What the body of a scoring request may be."""

SCORE_MEDIA = (JSON, NDJSON, CSV, PARQUET, ARROW)
"""What its answer may be."""

_TEXTS = (JSON, NDJSON, CSV)


def record_media(content_type: str) -> str:
    """Return the media type of a body of records.

    Raises
    ------
    UnsupportedContent
        If it is none of `RECORD_MEDIA`, a text in another charset than UTF-8, or CSV without a
        header line.
    """
    media = media_type(content_type)
    if media not in RECORD_MEDIA:
        raise UnsupportedContent(f"header Content-Type must be one of: {', '.join(RECORD_MEDIA)}")
    if ";" not in content_type or media not in _TEXTS:
        return media
    parsed = Message()
    parsed["content-type"] = content_type
    if str(parsed.get_param("charset", "utf-8")).lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedContent("header Content-Type: the only charset is utf-8")
    if media == CSV and str(parsed.get_param("header", "present")).lower() != "present":
        raise UnsupportedContent("header Content-Type: CSV needs a line with the field names")
    return media


def label_media(content_type: str) -> str:
    """Return the media type of a body of labels, as `record_media` does.

    ``application/jsonlines`` is what SageMaker calls NDJSON.
    """
    if media_type(content_type) == JSON_LINES:
        return NDJSON
    return record_media(content_type)


def score_media(accept: str | None) -> str:
    """Return the media type of the answer that an ``Accept`` header likes best."""
    return negotiate(accept, SCORE_MEDIA)
