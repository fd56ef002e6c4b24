"""Lists of a service: all of their items one after the other, or one page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
_LARGEST_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOf(Generic[T]):
    """Items of a list, and where the next page begins.

    Parameters
    ----------
    next_cursor : str or None
        None at the end.
    """

    items: tuple[T, ...]
    next_cursor: str | None = None


class Listing(Iterator[T]):
    """A list of a service, which is read while it is iterated, page after page.

    Parameters
    ----------
    read : callable
        Reads a page of at most so many items from a cursor; None for the first.
    limit : int, optional
        Most items that are yielded.

    Examples
    --------
    ::

        for score in client.scoring.scores(use_case="german_credit"):
            ...
        page = client.scoring.scores(use_case="german_credit").page(20)
        older = client.scoring.scores(use_case="german_credit").page(20, page.next_cursor)
    """

    def __init__(
        self, read: Callable[[int, str | None], PageOf[T]], limit: int | None = None
    ) -> None:
        self._read, self._limit = read, limit
        self._items = self._all()

    def __next__(self) -> T:
        return next(self._items)

    def page(self, size: int, cursor: str | None = None) -> PageOf[T]:
        """Return one page: at most `size` items from `cursor`, which an earlier page named."""
        return self._read(size, cursor)

    def _all(self) -> Iterator[T]:
        cursor: str | None = None
        limit = self._limit
        while limit is None or limit > 0:
            page = self._read(_LARGEST_PAGE if limit is None else min(limit, _LARGEST_PAGE), cursor)
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return
            limit = None if limit is None else limit - len(page.items)
