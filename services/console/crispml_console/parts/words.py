"""Numbers, moments and names as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

from htmltools import Tag, tags

NONE = "–"  # noqa: RUF001 - a dash stands for what there is not
_STEPS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def number(value: float | int | None, digits: int = 3) -> str:
    """Return a number with the digits that count; a dash for none."""
    if value is None:
        return NONE
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.{digits}f}" if abs(value) < 1000 else f"{value:,.0f}"


def share(value: float | None, digits: int = 1) -> str:
    """Return a share of 1 in per cent; a dash for none."""
    return NONE if value is None else f"{100 * value:.{digits}f} %"


def amount(count: float, unit: str) -> str:
    """Return a count with its unit: ``1 row``, ``2 rows``."""
    return f"{number(count)} {unit}{'' if count == 1 else 's'}"


def duration(seconds: float | None) -> str:
    """Return a time span: ``340 ms``, ``12 s``, ``3 min``; a dash for none."""
    if seconds is None:
        return NONE
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    size, unit = next((step for step in _STEPS if seconds >= step[0]), _STEPS[-1])
    return f"{seconds / size:.1f}".removesuffix(".0") + f" {unit}"


def size(count: float | None) -> str:
    """Return a number of bytes: ``3.2 MiB``; a dash for none."""
    if count is None:
        return NONE
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.1f}".removesuffix(".0") + f" {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def moment(value: datetime | None) -> Tag:
    """Return a moment as a tag that the browser shows in its own time zone."""
    if value is None:
        return tags.span(NONE)
    text = value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return tags.time(text, datetime=text)


def said(value: object) -> str:
    """Return a prediction, a truth or a field of a record as people read it."""
    return number(value) if isinstance(value, float) else str(value)


def short(digest: str, length: int = 12) -> Tag:
    """Return the beginning of an id or digest; the whole of it is in its title."""
    return tags.code(digest[:length], title=digest)
