from __future__ import annotations

import pytest

from crispml_core.domain.errors import UnsupportedContent
from crispml_core.rest.content import NotAcceptable
from crispml_core.rest.formats.media import CSV, NDJSON, PARQUET, record_media, score_media


@pytest.mark.parametrize(
    ("header", "media"),
    [
        ("text/csv", CSV),
        ("Text/CSV; charset=UTF-8; header=present", CSV),
        ('application/x-ndjson; charset="utf-8"', NDJSON),
        ("application/vnd.apache.parquet", PARQUET),
    ],
)
def test_a_body_is_what_its_content_type_says(header: str, media: str) -> None:
    assert record_media(header) == media


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("", "one of"),
        ("application/xml", "one of"),
        ("text/csv; charset=latin-1", "utf-8"),
        ("text/csv; header=absent", "field names"),
    ],
)
def test_other_content_is_refused(header: str, sentence: str) -> None:
    with pytest.raises(UnsupportedContent, match=sentence):
        record_media(header)


def test_an_answer_is_what_the_caller_likes_best() -> None:
    assert score_media(None) == "application/json"
    assert score_media("application/json;q=0.5, application/vnd.apache.parquet") == PARQUET
    with pytest.raises(NotAcceptable):
        score_media("image/png")
