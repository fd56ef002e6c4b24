"""Cards, grids, figures and chips: how things stand beside each other."""

from __future__ import annotations

from htmltools import Tag, TagChild, tags


def card(title: TagChild, *content: TagChild, aside: TagChild = None, id: str | None = None) -> Tag:  # noqa: A002 - as HTML names it
    """Return a part of a page with its title; `aside` stands at the right of the title."""
    return tags.section(
        tags.div(
            tags.h2(title), tags.div(aside, class_="aside") if aside else None, class_="row-between"
        ),
        *content,
        class_="card",
        id=id,
    )


def grid(*content: TagChild, wide: bool = False) -> Tag:
    """Return things beside each other, as many as the screen is wide."""
    return tags.div(*content, class_="grid grid-wide" if wide else "grid")


def row(*content: TagChild) -> Tag:
    """Return fields and buttons in a row, which wraps."""
    return tags.div(*content, class_="form-row")


def figure(name: str, value: TagChild, note: TagChild = None, *, state: str = "") -> Tag:
    """Return one number with its name.

    Parameters
    ----------
    state : str
        ``good``, ``warn``, ``bad`` or nothing.
    """
    return tags.div(
        tags.span(name, class_="name"),
        tags.strong(value),
        tags.span(note, class_="note") if note is not None else None,
        class_=f"figure {state}".strip(),
    )


def badge(text: TagChild, state: str = "") -> Tag:
    """Return a word that stands for a state: ``good``, ``warn``, ``bad`` or nothing."""
    return tags.span(text, class_=f"chip {state}".strip())
