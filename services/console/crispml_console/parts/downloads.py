"""Downloads: files that a service answers with, and lists of any length as lines of JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from htmltools import Tag, TagChild
from shiny import render, ui

from crispml_console.parts import states
from crispml_console.parts.page import Visit
from crispml_console.service.call import Call
from crispml_core.client import ClientError, PageOf

T = TypeVar("T")


def download_button(id: str, label: TagChild) -> Tag:  # noqa: A002 - as Shiny names it
    """Return the link of a download, which `serve_file`, `serve_text` or `serve_lines` serves."""
    return ui.download_button(id, label, class_="btn btn-default")


def serve_file(
    visit: Visit,
    id: str,  # noqa: A002 - as Shiny names it
    name: Callable[[], str],
    call: Callable[[], Call[Any]],
) -> None:
    """Serve a file that a service makes when it is wanted.

    Parameters
    ----------
    id : str
        The one that was given to `download_button`.
    name, call : callable
        Return the name of the file and the call, which answers with a text or bytes, from the
        inputs as they are when it is wanted.
    """

    async def content() -> AsyncIterator[bytes | str]:
        yield await _asked(visit, call())

    _serve(visit, id, name, content)


def serve_text(visit: Visit, id: str, name: Callable[[], str], text: Callable[[], str]) -> None:  # noqa: A002 - as Shiny names it
    """Serve a text that the page has already."""

    async def content() -> AsyncIterator[bytes | str]:
        yield text()

    _serve(visit, id, name, content)


def serve_lines(
    visit: Visit,
    id: str,  # noqa: A002 - as Shiny names it
    name: Callable[[], str],
    call: Callable[[str | None], Call[PageOf[dict[str, object]]]],
) -> None:
    """Serve a whole list as lines of JSON, read page by page, so that it may have any length.

    Parameters
    ----------
    call : callable
        Returns the call of the page that begins at a cursor; None for the first.
    """

    async def content() -> AsyncIterator[bytes | str]:
        cursor: str | None = None
        while True:
            page = await _asked(visit, call(cursor))
            yield "".join(f"{json.dumps(item, ensure_ascii=False)}\n" for item in page.items)
            cursor = page.next_cursor
            if cursor is None:
                return

    _serve(visit, id, name, content)


def _serve(
    visit: Visit,
    id: str,  # noqa: A002 - as Shiny names it
    name: Callable[[], str],
    content: Callable[[], AsyncIterator[bytes | str]],
) -> None:
    @visit.session.output(id=id)
    @render.download_button(filename=name)
    async def file() -> AsyncIterator[bytes | str]:
        try:
            async for part in content():
                yield part
        except ClientError as error:
            # The browser is told by an answer that ends early; what happened is said in the page.
            ui.notification_show(states.problem_of(error), type="error", duration=None)
            raise


async def _asked(visit: Visit, call: Call[T]) -> T:
    return await asyncio.to_thread(visit.visitor.run, call)
