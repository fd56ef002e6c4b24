"""What happened, one thing after the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from htmltools import Tag, TagChild, tags

from crispml_console.parts.words import moment


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened.

    Parameters
    ----------
    at : datetime
    what : str
    detail : tag
        What else is known of it.
    state : str
        ``now`` for what the line is about, ``good``, ``bad`` or nothing.
    """

    at: datetime
    what: str
    detail: TagChild = None
    state: str = ""


def timeline(happenings: Iterable[Happening]) -> Tag:
    """Return a time line, the oldest first; what happened at once stays in its order."""
    ordered = sorted(happenings, key=lambda one: one.at)
    return tags.ol(
        *(
            tags.li(
                moment(one.at),
                tags.strong(one.what),
                tags.div(one.detail, class_="quiet") if one.detail is not None else None,
                class_=one.state or None,
            )
            for one in ordered
        ),
        class_="timeline",
    )
