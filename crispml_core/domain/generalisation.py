"""Coarser values in place of exact ones: bins of numbers, beginnings of texts, months of dates.

A generalised value has the type of its field and keeps its rules, so whatever reads the field goes
on working: a model, an expression, a monitor. What is coarse already stays as it is.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal, get_args

from crispml_core.domain.errors import InvalidInput

Period = Literal["day", "month", "year"]
_WAYS = {
    "integer": ("width", "edges"),
    "number": ("width", "edges"),
    "string": ("prefix",),
    "category": ("groups",),
    "date": ("to",),
    "datetime": ("to",),
}
_LOWEST = -(2**63)
# From here on a float64 has no digit left behind the point, and a bin no room.
_EXACT = 2.0**53


@dataclass(frozen=True, slots=True)
class Generalise:
    """How the values of one field become coarser: exactly one way, which its type allows.

    Parameters
    ----------
    width : float, optional
        Of numbers: a value becomes the largest multiple of it that is not above the value, and not
        below the minimum of the field.
    edges : tuple of float
        Of numbers: a value becomes the largest edge that is not above it, and the first edge when
        it is below all of them.
    prefix : int, optional
        Of texts: so many characters from the beginning are kept.
    to : {"day", "month", "year"}, optional
        Of dates and moments: they become the first day, or the first moment in UTC, of it.
    groups : mapping of str to str
        Of categories: what each value becomes, which is an allowed value of the field itself. What
        others become stays itself.
    other : str, optional
        Of categories: what values become that `groups` does not name; they stay unless told.
    """

    width: float | None = None
    edges: tuple[float, ...] = ()
    prefix: int | None = None
    to: Period | None = None
    groups: Mapping[str, str] = field(default_factory=dict, hash=False)
    other: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "edges", tuple(self.edges))
        object.__setattr__(self, "groups", dict(self.groups))

    def check(
        self,
        what: str,
        kind: str,
        *,
        values: tuple[str, ...] = (),
        minimum: float | None = None,
        maximum: float | None = None,
    ) -> None:
        """Raise `InvalidInput` about `what` unless this is one way for values of a type.

        Parameters
        ----------
        what : str
            How a sentence about the field begins.
        kind : str
            The type of the field.
        values, minimum, maximum
            Its rules, which generalised values keep.
        """
        ways = _WAYS.get(kind, ())
        if not ways:
            raise InvalidInput(f"{what}: the type {kind} cannot be generalised; drop or encrypt it")
        if len(self._given) != 1 or self._given[0] not in ways:
            raise InvalidInput(f"{what}: generalise needs {' or '.join(ways)}, and nothing else")
        if self.width is not None and not (math.isfinite(self.width) and self.width > 0):
            raise InvalidInput(f"{what}: the width must be above 0")
        if self.edges and list(self.edges) != sorted(set(self.edges)):
            raise InvalidInput(f"{what}: edges must rise")
        numbers = (*self.edges, *(() if self.width is None else (self.width,)))
        if kind == "integer" and any(number != int(number) for number in numbers):
            raise InvalidInput(f"{what}: bins of an integer have whole numbers")
        low, high = minimum if minimum is not None else -math.inf, maximum
        if any(not low <= edge <= (math.inf if high is None else high) for edge in self.edges):
            raise InvalidInput(f"{what}: edges must lie between minimum and maximum")
        if self.prefix is not None and self.prefix < 1:
            raise InvalidInput(f"{what}: the prefix must have at least one character")
        if self.to is not None and (
            self.to not in get_args(Period) or (kind == "date" and self.to == "day")
        ):
            allowed = "month or year" if kind == "date" else "day, month or year"
            raise InvalidInput(f"{what}: to must be {allowed}")
        named = {
            *self.groups,
            *self.groups.values(),
            *(() if self.other is None else (self.other,)),
        }
        if unknown := named - set(values):
            raise InvalidInput(
                f"{what}: groups and other name allowed values of the field; these are none: "
                f"{', '.join(sorted(unknown))}"
            )
        become = {*self.groups.values(), *(() if self.other is None else (self.other,))}
        if moved := sorted(value for value in become if self.groups.get(value, value) != value):
            raise InvalidInput(
                f"{what}: groups and other: what others become must stay itself; these become "
                f"something else: {', '.join(moved)}"
            )

    @property
    def _given(self) -> list[str]:
        given = [name for name in ("width", "prefix", "to") if getattr(self, name) is not None]
        given += ["edges"] if self.edges else []
        return given + (["groups"] if self.groups or self.other is not None else [])

    def rule(self, kind: str, minimum: float | None = None) -> Callable[[Any], Any]:
        """Return the function from a value that is not missing to what it becomes."""
        if kind in ("integer", "number"):
            return self._of_number(kind, minimum)
        if kind == "string":
            return lambda text: text[: self.prefix]
        if kind == "category":
            groups = {value: value for value in self.groups.values()} | dict(self.groups)
            other = self.other
            if other is None:
                return lambda value: groups.get(value, value)
            return lambda value: groups.get(value, other)
        return _first_day(self.to) if kind == "date" else _first_moment(self.to)

    def _of_number(self, kind: str, minimum: float | None) -> Callable[[Any], Any]:
        make: Callable[[float], Any] = int if kind == "integer" else float
        if self.edges:
            edges = [make(edge) for edge in self.edges]
            return lambda value: edges[max(0, bisect_right(edges, value) - 1)]
        width = make(self.width or 1)
        if kind == "integer":
            lowest = _LOWEST if minimum is None else math.ceil(minimum)
            return lambda value: max(lowest, value // width * width)
        least = -math.inf if minimum is None else float(minimum)

        def to_multiple(value: float) -> float:
            bins = value / width
            if abs(bins) >= _EXACT:
                return value
            # The quotient is rounded, so each multiple is held against the value itself.
            below = math.floor(bins)
            if below * width > value:
                below -= 1
            elif (below + 1) * width <= value:
                below += 1
            multiple = below * width
            return max(least, multiple) if math.isfinite(multiple) else value

        return to_multiple


def _first_day(to: Period | None) -> Callable[[date], date]:
    if to == "year":
        return lambda day: day.replace(month=1, day=1)
    return lambda day: day.replace(day=1)


def _first_moment(to: Period | None) -> Callable[[datetime], datetime]:
    midnight = {"hour": 0, "minute": 0, "second": 0, "microsecond": 0}
    first: dict[str, Any] = {"day": {}, "month": {"day": 1}, "year": {"month": 1, "day": 1}}[
        to or "day"
    ]
    changes = {**midnight, **first}
    return lambda moment: _in_utc(moment).replace(**changes)


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment
