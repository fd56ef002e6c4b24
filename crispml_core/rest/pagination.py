"""Pages of a list: an opaque cursor in, an opaque cursor and a ``Link`` header out."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Request
from pydantic import BaseModel, Field, WithJsonSchema
from starlette.responses import Response

from crispml_core.domain.errors import InvalidInput
from crispml_core.rest.answers import answer
from crispml_core.rest.requests import RequestModel

T = TypeVar("T")
MAX_LIMIT = 500
_DIGITS = 18  # a larger number fits into no column

_CURSOR = {"type": "string", "maxLength": 512, "pattern": "^[A-Za-z0-9_-]*$"}


class PageQuery(RequestModel):
    """The query parameters of every list."""

    limit: int = Field(50, ge=1, le=MAX_LIMIT)
    """Most items in one answer."""

    cursor: Annotated[str | None, WithJsonSchema(_CURSOR)] = Field(None, max_length=512)
    """`next_cursor` of the page before."""

    @property
    def before(self) -> str | None:
        """The id that the last item of the page before had."""
        return None if self.cursor is None else decode_cursor(self.cursor)

    @property
    def before_number(self) -> int:
        """The number that the last item of the page before had; 0 on the first page.

        Raises
        ------
        InvalidInput
            If the cursor holds none, so that it is one of another list.
        """
        before = self.before or "0"
        if not before.isascii() or not before.isdigit() or len(before) > _DIGITS:
            raise _foreign()
        return int(before)


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None


def encode_cursor(last_id: str) -> str:
    """Return the cursor that continues after `last_id`."""
    return base64.urlsafe_b64encode(last_id.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """Return the id inside a cursor, or raise `InvalidInput` when this service did not make it."""
    try:
        return base64.b64decode(
            cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        ).decode()
    except (binascii.Error, ValueError):
        raise _foreign() from None


def page_of(items: Sequence[T], key: Callable[[T], str], query: PageQuery) -> tuple[list[T], bool]:
    """Return the page of a list that is in memory as a whole, and whether there is more."""
    start = 0
    if (before := query.before) is not None:
        start = next((n for n, item in enumerate(items, 1) if key(item) == before), -1)
        if start < 0:
            raise _foreign()
    return list(items[start : start + query.limit]), len(items) > start + query.limit


def found_answer(
    request: Request,
    found: Sequence[T],
    key: Callable[[T], str],
    query: PageQuery,
    view: Callable[[T], Any] | None = None,
) -> Response:
    """Answer with what a store found when it was asked for one item more than the page has."""
    items, more = found[: query.limit], len(found) > query.limit
    shown = items if view is None else [view(item) for item in items]
    return cursor_answer(request, shown, encode_cursor(key(items[-1])) if more else None)


def whole_answer(
    request: Request,
    items: Sequence[T],
    key: Callable[[T], str],
    query: PageQuery,
    view: Callable[[T], Any] | None = None,
) -> Response:
    """Answer with a page of a list that is in memory as a whole, each item shown as its `view`."""
    page, more = page_of(items, key, query)
    shown = page if view is None else [view(item) for item in page]
    return cursor_answer(request, shown, encode_cursor(key(page[-1])) if more else None)


def cursor_answer(request: Request, items: Sequence[Any], next_cursor: str | None) -> Response:
    """Answer with a page and, when there is another, with the ``Link`` to it (RFC 8288)."""
    headers = {}
    if next_cursor is not None:
        following = request.url.include_query_params(cursor=next_cursor)
        headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    return answer({"items": items, "next_cursor": next_cursor}, headers=headers)


def _foreign() -> InvalidInput:
    return InvalidInput("cursor: use the next_cursor of an answer of this list, unchanged")
