"""What the console reads of answers that are written as open dicts: reports and drift."""

from __future__ import annotations

from datetime import datetime

import msgspec

from crispml_core.client import VerificationReport


class Interval(msgspec.Struct, frozen=True):
    """A KPI with what it lies in; None where the labels cannot say."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


class GateVerdict(msgspec.Struct, frozen=True):
    """A gate, and whether it is kept: ``met``, ``not met`` or ``undecided``."""

    kpi: str
    bound: str
    verdict: str
    minimum: float | None = None
    maximum: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""


class ReportVerdict(msgspec.Struct, frozen=True):
    """What a report comes to, and what that stands on."""

    basis: str
    why: str
    overall: str | None = None
    kpis: dict[str, Interval] | None = None


class Period(msgspec.Struct, frozen=True):
    """A part of the window of a report."""

    start: datetime
    end: datetime
    scored: int
    labelled: int
    kpis: dict[str, Interval] | None = None


class ReportWindow(msgspec.Struct, frozen=True):
    """Which scores a report is about, and as of when."""

    start: datetime | None = None
    end: datetime | None = None
    as_of: datetime | None = None


class Verified(msgspec.Struct, frozen=True):
    """The content of a verification report."""

    window: ReportWindow
    scored: int
    labelled: int
    coverage: float | None = None
    version: str | None = None
    gates: list[GateVerdict] = []
    verdict: ReportVerdict | None = None
    periods: list[Period] = []


def verified(report: VerificationReport) -> Verified:
    """Return the content of a verification report."""
    return msgspec.convert(report.content, Verified)


class Statistic(msgspec.Struct, frozen=True):
    """One statistic of a field."""

    value: float
    threshold: float
    p_value: float | None = None
    adjusted_p: float | None = None
    alert: bool = False


class Cell(msgspec.Struct, frozen=True):
    """One cell of a distribution: its share in the reference and now."""

    value: str
    reference: float
    current: float


class FieldDrift(msgspec.Struct, frozen=True):
    """What became of one field."""

    field: str
    role: str
    kind: str
    rows: int
    reference_rows: int
    tested: bool
    alert: bool
    statistics: dict[str, Statistic]
    distribution: list[Cell] = []


class DriftAlert(msgspec.Struct, frozen=True):
    """A statistic that alerts."""

    field: str
    statistic: str


class DriftSpan(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """One window of the trend."""

    start: datetime
    end: datetime
    rows: int
    psi: dict[str, float] = {}
    alerts: list[DriftAlert] = []


class Drift(msgspec.Struct, frozen=True):
    """How far the scores of a period are from the training data."""

    version: str
    versions: dict[str, int]
    rows: int
    fields: list[FieldDrift]
    alerts: list[DriftAlert]
    trend: list[DriftSpan]
    segments: list[str]
    reason: str | None = None
    detected_at: datetime | None = None

    @property
    def drifting(self) -> list[str]:
        """Fields that alert, the surest first."""
        return list(dict.fromkeys(alert.field for alert in self.alerts))


def drift_of(answer: dict[str, object]) -> Drift:
    """Return an answer about drift."""
    return msgspec.convert(answer, Drift)
