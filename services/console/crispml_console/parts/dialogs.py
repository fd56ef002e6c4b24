"""Dialogs, which have a name and can be left by Escape unless something is shown once."""

from __future__ import annotations

from htmltools import Tag, TagChild, tags
from shiny import ui

_TITLE = "dialog-title"


def dialog(
    title: str,
    *content: TagChild,
    footer: TagChild | None = None,
    is_wide: bool = False,
    easy_close: bool = True,
) -> Tag:
    """Return a dialog for `shiny.ui.modal_show`.

    Parameters
    ----------
    footer : tag, optional
        Its buttons; one that closes it without them.
    easy_close : bool
        Whether Escape and a click beside it close it too.
    """
    made = ui.modal(
        tags.h2(title, id=_TITLE),
        *content,
        footer=ui.modal_button("Close") if footer is None else footer,
        size="l" if is_wide else "m",
        easy_close=easy_close,
        fade=False,  # a dialog that still fades in does not hear Escape
    )
    made.attrs["aria-labelledby"] = _TITLE
    return made
