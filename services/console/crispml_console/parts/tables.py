"""Tables: of a few rows, and of as many as a service has, one page at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from htmltools import Tag, TagChild, TagList, tags
from shiny import reactive, render, ui

from crispml_console.parts import states
from crispml_console.parts.icons import icon
from crispml_console.parts.page import Visit
from crispml_console.service.asked import Asked
from crispml_console.service.call import Call
from crispml_core.client import PageOf

T = TypeVar("T")


@dataclass(frozen=True)  # no slots: with them a generic class cannot be made as Column[Row](...)
class Column(Generic[T]):
    """A column of a table.

    Parameters
    ----------
    title : str
    cell : callable
        Makes the cell of a row.
    is_number : bool
        Whether it stands at the right.
    """

    title: str
    cell: Callable[[T], TagChild]
    is_number: bool = False


def table(caption: str, columns: Sequence[Column[T]], rows: Sequence[T]) -> Tag:
    """Return a table that scrolls sideways on a narrow screen.

    Parameters
    ----------
    caption : str
        What it shows, for a screen reader.
    """
    head = [
        tags.th(c.title, scope="col", class_="number" if c.is_number else None) for c in columns
    ]
    body = [
        tags.tr(*(tags.td(c.cell(row), class_="number" if c.is_number else None) for c in columns))
        for row in rows
    ]
    return tags.div(
        tags.table(
            tags.caption(caption, class_="visually-hidden"),
            tags.thead(tags.tr(*head)),
            tags.tbody(*body),
            class_="table",
        ),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=caption,
    )


def facts(*pairs: tuple[str, TagChild]) -> Tag:
    """Return names with what is known of them."""
    return tags.dl(
        *(tags.div(tags.dt(name), tags.dd(value)) for name, value in pairs), class_="facts"
    )


class PagedTable(Generic[T]):
    """A table of a list of a service, which is read page by page: it may have a million rows.

    Put `body` into the page and construct it when the page is served.

    Parameters
    ----------
    visit : Visit
    id : str
        Of the table in the page; the one given to `body`.
    caption : str
    columns : sequence of Column, or callable
        A callable returns those of a page, for a list whose items tell their columns.
    call : callable
        Returns the call of one page from where it begins (None for the first); it is called in a
        reactive place, so that the table begins anew when an input changes that it reads.
    empty : tag
        Stands for a list without items.
    """

    def __init__(
        self,
        visit: Visit,
        id: str,  # noqa: A002 - as Shiny names it
        caption: str,
        columns: Sequence[Column[T]] | Callable[[PageOf[T]], Sequence[Column[T]]],
        call: Callable[[str | None], Call[PageOf[T]]],
        *,
        empty: TagChild = "There is nothing yet.",
    ) -> None:
        self._id, self._caption, self._columns, self._empty = id, caption, columns, empty
        self._call = call
        # Where each page that was seen begins; the last is the one that is shown.
        self._starts: list[str | None] = [None]
        self._number = 1
        self._asked: Asked[PageOf[T]] = visit.asked()
        self._serve(visit)

    @staticmethod
    def body(id: str) -> Tag:  # noqa: A002 - as Shiny names it
        """Return where the table stands in the page."""
        return ui.output_ui(id)

    def rows(self) -> tuple[T, ...]:
        """Return the rows that are shown."""
        page = self._asked().value
        return () if page is None else page.items

    def refresh(self) -> None:
        """Read the page that is shown again."""
        with reactive.isolate():
            self._asked.ask(self._call(self._starts[-1]))

    def _serve(self, visit: Visit) -> None:
        newer, older = f"{self._id}_newer", f"{self._id}_older"

        @reactive.effect
        def begins() -> None:
            self._starts[:] = [None]
            self._asked.ask(self._call(None))

        @reactive.effect
        @reactive.event(visit.input[older])
        def goes_on() -> None:
            state = self._asked()
            page = state.value
            # While the next page is on its way the cursor of this one leads nowhere new.
            if page is not None and page.next_cursor is not None and not state.is_asking:
                self._starts.append(page.next_cursor)
                self.refresh()

        @reactive.effect
        @reactive.event(visit.input[newer])
        def goes_back() -> None:
            if len(self._starts) > 1:
                self._starts.pop()
                self.refresh()

        @visit.session.output(id=self._id)
        @render.ui
        def shown() -> TagList:
            state = self._asked()
            if not state.is_asking:
                self._number = len(self._starts)
            return states.shown(state, self._page)

    def _page(self, page: PageOf[T]) -> TagChild:
        number = self._number
        if not page.items and number == 1:
            return states.nothing(self._empty)
        columns = self._columns(page) if callable(self._columns) else self._columns
        return TagList(
            table(self._caption, columns, page.items),
            tags.nav(
                ui.input_action_button(
                    f"{self._id}_newer",
                    TagList(icon("back"), "Back"),
                    disabled=number == 1,
                    class_="btn-sm",
                ),
                tags.span(f"page {number}"),
                ui.input_action_button(
                    f"{self._id}_older",
                    TagList("Next", icon("next")),
                    disabled=page.next_cursor is None,
                    class_="btn-sm",
                ),
                class_="pager",
                aria_label=f"Pages of {self._caption}",
            )
            if number > 1 or page.next_cursor is not None
            else None,
        )
