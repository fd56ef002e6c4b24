"""Files that a visitor sends to a service: kept while the page is open, and not a moment longer."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from htmltools import Tag, tags
from shiny import ui

from crispml_console.parts import words
from crispml_console.parts.file_formats import ACCEPTED, format_of
from crispml_console.parts.page import Visit

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file.

    Parameters
    ----------
    path : Path
        It is called as the visitor calls it.
    media, encoding : str, str or None
        Its content type, and how it is compressed.
    """

    path: Path
    media: str
    encoding: str | None

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.path.stat().st_size


@dataclass(slots=True)
class Sent:
    """How far a file was sent, told by the thread that sends it."""

    total: int = 0
    sent: int = 0
    received: int = 0

    def on_sent(self, count: int) -> None:
        """Note how many bytes were sent."""
        self.sent = count

    def on_received(self, count: int) -> None:
        """Note how many bytes of the answer came."""
        self.received = count


def file_input(id: str, label: str, accept: Sequence[str] = tuple(ACCEPTED)) -> Tag:  # noqa: A002 - as Shiny names it
    """Return an input of one file, of records or labels unless `accept` names other endings."""
    return ui.input_file(id, label, accept=list(accept), button_label="Choose…", width="100%")


def chosen(visit: Visit, id: str) -> Path | None:  # noqa: A002 - as Shiny names it
    """Return where the file of an input is; None before one was chosen."""
    found = visit.input[id]() if id in visit.input else None
    return Path(found[0]["datapath"]) if found else None


def upload_of(visit: Visit, id: str) -> Upload:  # noqa: A002 - as Shiny names it
    """Return the file that was chosen.

    Raises
    ------
    ValueError
        If there is none, or if its name does not say what it is.
    """
    found = visit.input[id]()
    if not found:
        raise ValueError("choose a file first")
    name, stored = str(found[0]["name"]), Path(found[0]["datapath"])
    media, encoding = format_of(name)
    # Shiny numbers the files; what is shown as code calls it as the visitor does.
    path = stored.with_name(_UNFIT.sub("_", Path(name).name))
    if stored.exists():
        os.replace(stored, path)
    return Upload(path, media, encoding)


def progress(label: str, sent: Sent) -> Tag:
    """Return how far a file is: sent first, then worked on while its answer comes."""
    if sent.sent < sent.total:
        share = sent.sent / sent.total
        return bar(label, share, f"{words.share(share, 0)} sent")
    if not sent.received:
        return bar(label, None, "sent; the service checks it")
    return bar(label, None, f"{words.size(sent.received)} of the answer came")


def bar(label: str, share: float | None, said: str) -> Tag:
    """Return a bar of progress; None for a share that nobody knows."""
    percent = None if share is None else round(100 * share)
    return tags.div(
        tags.div(
            tags.div(
                class_="progress-bar" + (" progress-bar-striped" if percent is None else ""),
                style=f"width:{100 if percent is None else percent}%",
            ),
            class_="progress",
            role="progressbar",
            aria_label=label,
            aria_valuemin="0",
            aria_valuemax="100",
            aria_valuenow=percent,
            aria_valuetext=said,
        ),
        tags.p(said, class_="quiet"),
        class_="advance",
    )
