from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crispml_core.client.pages import Listing, PageOf

ITEMS = tuple(range(1200))


def read(size: int, cursor: str | None) -> PageOf[int]:
    start = int(cursor or 0)
    end = start + size
    return PageOf(items=ITEMS[start:end], next_cursor=str(end) if end < len(ITEMS) else None)


@given(st.one_of(st.none(), st.integers(0, 1300)))
def test_a_listing_yields_all_items_or_as_many_as_are_asked_for(limit: int | None):
    assert tuple(Listing(read, limit)) == ITEMS[:limit]


@given(st.integers(1, 700))
def test_pages_one_after_the_other_are_the_whole_list(size: int):
    seen: list[int] = []
    page = Listing(read).page(size)
    seen += page.items
    while page.next_cursor is not None:
        page = Listing(read).page(size, page.next_cursor)
        assert len(page.items) <= size
        seen += page.items
    assert tuple(seen) == ITEMS
