from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from crispml_core.domain.errors import UnsupportedContent
from crispml_core.rest.content import HTML, JSON, NotAcceptable, check_content, negotiate


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON; charset=UTF-8", 'application/json; charset="utf-8"'],
)
def test_json_is_taken_in_any_spelling(content_type: str) -> None:
    assert check_content(Headers({"content-type": content_type})) == JSON


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({}, "Content-Type"),
        ({"content-type": "text/plain"}, "Content-Type"),
        ({"content-type": "application/json; charset=latin-1"}, "charset"),
        ({"content-type": "application/json", "content-encoding": "gzip"}, "Content-Encoding"),
    ],
)
def test_another_content_is_refused_by_header(headers: dict[str, str], named: str) -> None:
    with pytest.raises(UnsupportedContent, match=named):
        check_content(Headers(headers))


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("text/html", HTML),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", HTML),
        ("text/*;q=0.5, application/json;q=0.4", HTML),
        ("text/html;q=0, */*", JSON),
    ],
)
def test_the_best_offer_is_chosen(accept: str | None, chosen: str) -> None:
    assert negotiate(accept, (JSON, HTML)) == chosen


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0", "text/html;q=x"])
def test_an_accept_header_without_an_offer_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        negotiate(accept, (JSON, HTML))
