"""What an answer says besides its prediction: reasons, and an interval or a set of classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Reason(msgspec.Struct):
    """What a field adds to the score."""

    field: str
    contribution: float


class Explanation(msgspec.Struct, rename={"of_class": "class"}):
    """Where the score begins, what each field adds, and where it ends, on a ``scale``."""

    base: float
    score: float
    scale: str
    reasons: list[Reason]
    of_class: str = ""


class Bounds(msgspec.Struct):
    """What holds the truth at a level: an interval, or a set of classes."""

    level: float
    set: list[str] | None = None
    refer: bool = False
    low: float | None = None
    high: float | None = None


class Details(msgspec.Struct):
    """The details of a score."""

    explanation: Explanation | None = None
    interval: Bounds | None = None


def details_of(stored: Mapping[str, Any]) -> Details:
    """Read the details of a score; none where they are not of this release."""
    try:
        return msgspec.convert(dict(stored), Details)
    except msgspec.ValidationError:
        return Details()
