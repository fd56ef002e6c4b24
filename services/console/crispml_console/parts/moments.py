"""Moments as inputs: chosen in the time zone of whoever looks, told to the page as UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from htmltools import Tag, tags


def moment_input(id: str, label: str, value: datetime | None = None) -> Tag:  # noqa: A002 - as Shiny names it
    """Return an input of a moment, which may be left empty; `moment_of` reads what it tells."""
    return tags.div(
        tags.label(label, for_=id, class_="control-label"),
        tags.input(
            id=id,
            type="datetime-local",
            step="1",
            class_="form-control moment",
            data_moment="" if value is None else text_of(value),
        ),
        class_="form-group shiny-input-container",
    )


def moment_of(text: object) -> datetime | None:
    """Read a moment of an input or an address; None for nothing and for what is none."""
    try:
        moment = datetime.fromisoformat(str(text or ""))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def text_of(moment: datetime | None) -> str:
    """Return a moment as an address has it, without loss; empty for none."""
    return "" if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
