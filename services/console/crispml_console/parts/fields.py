"""Fields of a form: with a hint below, and with what is wrong at the field itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from htmltools import Tag, TagChild, tags
from shiny import reactive, ui

from crispml_console.parts.page import Visit


def text_field(
    id: str,  # noqa: A002 - as Shiny names it
    label: TagChild,
    value: str = "",
    *,
    hint: TagChild = None,
    placeholder: str | None = None,
    mode: Literal["text", "numeric", "decimal"] = "text",
) -> Tag:
    """Return a field for a text or a number.

    A number is read from text, so that what is none can be said to be none; the browser only
    chooses the keyboard.
    """
    made = ui.input_text(id, label, value, placeholder=placeholder, width="100%")
    for child in made.children:
        if isinstance(child, Tag) and child.name == "input":
            child.attrs["inputmode"] = mode
            child.attrs["aria-describedby"] = f"{id}-hint" if hint is not None else ""
    return hinted(made, id, hint)


def select_field(
    id: str,  # noqa: A002 - as Shiny names it
    label: TagChild,
    choices: Mapping[str, str],
    selected: str | None = None,
    *,
    hint: TagChild = None,
) -> Tag:
    """Return a field for one of several things, by value and text."""
    made = ui.input_select(id, label, dict(choices), selected=selected, width="100%")
    return hinted(made, id, hint)


def hinted(field: Tag, id: str, hint: TagChild) -> Tag:  # noqa: A002 - as Shiny names it
    """Return a field with a hint below it."""
    small = tags.small(hint, id=f"{id}-hint", class_="hint") if hint is not None else None
    return tags.div(field, small, class_="field")


class Marks:
    """What is wrong with fields, shown at them; the first one gets the focus.

    Parameters
    ----------
    visit : Visit
    """

    def __init__(self, visit: Visit) -> None:
        # Wrapped, so that the same finding is shown again when it is made again.
        self._found: reactive.Value[tuple[Mapping[str, str]] | None] = reactive.Value(
            None, name="found"
        )

        @reactive.effect
        async def shown() -> None:
            found = self._found()
            if found is not None:
                await visit.session.send_custom_message("crispml-marks", {"fields": dict(found[0])})

    def show(self, found: Mapping[str, str]) -> None:
        """Mark exactly these fields, by id, each with what to change; nothing clears all marks."""
        with reactive.isolate():
            if found or self._found() is not None:
                self._found.set((found,))
