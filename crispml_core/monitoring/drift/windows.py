"""The windows of a period: hours, days and weeks in UTC."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Literal

from crispml_core.domain.drift import DriftCounts

Window = Literal["hour", "day", "week"]

_LENGTHS = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
}
_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


def whole_hours(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Return the period of whole hours that [start, end) lies in: counts are kept by hour."""
    first = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    last = end.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return first, last if last == end else last + timedelta(hours=1)


def windows_of(start: datetime, end: datetime, window: Window) -> list[tuple[datetime, datetime]]:
    """Return the windows of [start, end); the first and the last are cut where the period is."""
    length = _LENGTHS[window]
    edge = start - (start - _MONDAY) % length
    found = []
    while edge < end:
        found.append((max(edge, start), min(edge + length, end)))
        edge += length
    return found


def number_of_windows(start: datetime, end: datetime, window: Window) -> int:
    """Return about how many windows a period has."""
    return -((start - end) // _LENGTHS[window])


def added(
    counted: Iterable[tuple[datetime, DriftCounts]], start: datetime, end: datetime, width: int
) -> DriftCounts:
    """Return the sum of the counts of the hours that begin in [start, end)."""
    total = DriftCounts(0, (0,) * width)
    for hour, counts in counted:
        if start <= hour < end and len(counts.values) == width:
            total = total + counts
    return total
