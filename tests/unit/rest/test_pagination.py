from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.errors import InvalidInput
from crispml_core.rest.pagination import PageQuery, decode_cursor, encode_cursor, page_of


@given(st.text(max_size=80))
def test_a_cursor_gives_its_id_back(last_id: str) -> None:
    assert decode_cursor(encode_cursor(last_id)) == last_id


@given(st.integers(0, 40), st.integers(1, 20))
def test_pages_together_are_the_list(size: int, limit: int) -> None:
    items = [str(number) for number in range(size)]
    seen: list[str] = []
    cursor, more = None, True
    while more:
        page, more = page_of(items, str, PageQuery(limit=limit, cursor=cursor))
        assert len(page) <= limit
        seen += page
        cursor = encode_cursor(page[-1]) if page else None
    assert seen == items


def test_a_cursor_may_hold_a_number() -> None:
    assert PageQuery(limit=1, cursor=None).before_number == 0
    assert PageQuery(limit=1, cursor=encode_cursor("17")).before_number == 17


@pytest.mark.parametrize("last_id", ["-1", "a", "1.5", "٣", "9" * 19])
def test_a_cursor_without_a_number_is_refused_where_one_is_meant(last_id: str) -> None:
    with pytest.raises(InvalidInput, match="next_cursor"):
        _ = PageQuery(limit=1, cursor=encode_cursor(last_id)).before_number


@pytest.mark.parametrize("cursor", ["!", "abc", "_____w", encode_cursor("not there")])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput, match="next_cursor"):
        page_of(["a", "b"], str, PageQuery(limit=1, cursor=cursor))
