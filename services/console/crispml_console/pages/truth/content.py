"""The parts of a verification report that the page shows, as typed values.

The page about verification reports (``docs/verification.md``) says what each of them means.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec


class Estimate(msgspec.Struct):
    """A number with its interval."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


Kpis = dict[str, Estimate]


class Window(msgspec.Struct):
    """Which scores, and as of when."""

    start: datetime | None = None
    end: datetime | None = None
    as_of: datetime | None = None


class Lag(msgspec.Struct):
    """Seconds from the score to its truth."""

    median_s: float | None = None
    p90_s: float | None = None
    max_s: float | None = None
    negative: int = 0


class Tenth(msgspec.Struct):
    """How many scores of a tenth, by rising score, have a label."""

    n: int
    labelled: int
    rate: Estimate


class Selection(msgspec.Struct):
    """Whether the chance of a label depends on the score."""

    deciles: list[Tenth] = []
    depends: bool | None = None


class Period(msgspec.Struct):
    """A part of the window."""

    start: datetime
    end: datetime
    scored: int
    labelled: int
    coverage: Estimate
    kpis: Kpis | None = None


class Gate(msgspec.Struct):
    """A bound of a KPI, and whether it is kept."""

    kpi: str
    bound: str | None = None
    verdict: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    reason: str | None = None


class Verdict(msgspec.Struct):
    """What the gates say, on which numbers, and why on these."""

    overall: str | None = None
    basis: str | None = None
    why: str | None = None
    kpis: Kpis | None = None


class Group(msgspec.Struct):
    """A group of a segment; it is suppressed if it has too few labels to be counted."""

    group: str
    n: int | str
    suppressed: bool = False
    kpis: Kpis | None = None


class Segment(msgspec.Struct):
    """The groups of a segment."""

    groups: list[Group] = []


class Compared(Estimate):
    """A group beside the reference group, by one criterion."""

    verdict: str | None = None


class TreatedGroup(msgspec.Struct):
    """A group of a protected attribute."""

    group: str
    n: int | str
    suppressed: bool = False
    compared: dict[str, Compared] = {}


class Attribute(msgspec.Struct):
    """A protected attribute."""

    segment: str
    reference: str | None = None
    favourable: str | None = None
    criteria: list[str] = []
    groups: list[TreatedGroup] = []
    verdict: str | None = None
    reasons: list[str] | None = None


class Fairness(msgspec.Struct):
    """All protected attributes."""

    attributes: list[Attribute] = []


class Combined(msgspec.Struct):
    """KPIs over all scores, if missing labels came as the probabilities say."""

    kpis: Kpis | None = None


class Estimated(msgspec.Struct):
    """The confidence-based estimate."""

    combined: Combined | None = None


class Weighted(msgspec.Struct):
    """KPIs by inverse propensity, and what they are at least and at most."""

    reason: str | None = None
    kpis: Kpis | None = None
    bounds: Kpis | None = None


class Report(msgspec.Struct):
    """A verification report."""

    kind: Literal["verification"]
    scored: int
    labelled: int
    window: Window
    kpis: Kpis | None = None
    unusable: int = 0
    version: str | None = None
    coverage: float | None = None
    first_scored_at: datetime | None = None
    lag: Lag | None = None
    selection: Selection | None = None
    training_kpis: dict[str, float | None] | None = None
    periods: list[Period] = []
    segments: dict[str, Segment] | None = None
    fairness: Fairness | None = None
    estimated: Estimated | None = None
    weighted: Weighted | None = None
    verdict: Verdict | None = None
    gates: list[Gate] = []
    notes: list[str] = []


def report_of(content: Mapping[str, Any]) -> Report | None:
    """Read the content of a report; None for one of another kind or release."""
    try:
        return msgspec.convert(dict(content), Report)
    except msgspec.ValidationError:
        return None
