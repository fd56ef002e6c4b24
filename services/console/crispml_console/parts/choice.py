"""Buttons in the rows of a table: each tells the page which row is meant."""

from __future__ import annotations

from htmltools import Tag, TagChild, tags


def choose(id: str, value: str, label: TagChild, *, kind: str = "link", name: str = "") -> Tag:  # noqa: A002 - as Shiny names it
    """Return a button that sets an input to a value, as often as it is pressed.

    Parameters
    ----------
    id : str
        Of the input.
    kind : str
        Of Bootstrap: ``link``, ``default``, ``danger``.
    name : str
        What a screen reader says, where the label alone would not tell the row.
    """
    return tags.button(
        label,
        type="button",
        class_=f"btn btn-sm btn-{kind} choose",
        data_input=id,
        data_value=value,
        aria_label=name or None,
    )
