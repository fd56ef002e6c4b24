"""What happened in a story: its months, its turning points, and how both are told."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from crispml_core.cli.kpis import value_of
from crispml_core.cli.output import Output

KPI = "auc"


@dataclass(slots=True, kw_only=True)
class Month:
    """What happened in one month.

    Parameters
    ----------
    champion : str
        The version that answered.
    kpi : dict or None
        The AUC of its scores with the interval, as it was known a month later; None until then.
    drifted : list of str
        The inputs that alerted.
    firing : list of str
        The rules that fired at its end.
    events : list of str
        What else happened, a sentence each.
    """

    number: int
    start: datetime
    champion: str
    scored: int
    kpi: dict[str, Any] | None = None
    drifted: list[str] = field(default_factory=list)
    firing: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Story:
    """How it went.

    Parameters
    ----------
    drift_planted_at : datetime
        When the first applicants of the new kind came.
    drift_detected_at : datetime or None
        When the rules were first told that inputs drift.
    """

    use_case: str
    champion_before: str
    drift_planted_at: datetime
    drift_detected_at: datetime | None = None
    champion_after: str = ""
    months: list[Month] = field(default_factory=list)
    page: str = ""

    @property
    def kpi_before(self) -> float | None:
        """The last AUC from before the drift."""
        known = [self._kpi(month) for month in self.months if not self._is_drifted(month)]
        return next((value for value in reversed(known) if value is not None), None)

    @property
    def kpi_drifted(self) -> float | None:
        """The worst AUC of a month after the drift."""
        known = [self._kpi(month) for month in self.months if self._is_drifted(month)]
        return min((value for value in known if value is not None), default=None)

    @property
    def kpi_recovered(self) -> float | None:
        """The last AUC of the champion that won, or None when none did."""
        if self.champion_after == self.champion_before:
            return None
        known = [self._kpi(month) for month in self.months if month.champion == self.champion_after]
        return next((value for value in reversed(known) if value is not None), None)

    def summary(self) -> dict[str, Any]:
        """Return the JSON object of ``crispml demo --story drift --json``."""
        return {
            "story": "drift",
            "use_case": self.use_case,
            "drift_planted_at": self.drift_planted_at,
            "drift_detected_at": self.drift_detected_at,
            "kpi": KPI,
            "kpi_before": self.kpi_before,
            "kpi_drifted": self.kpi_drifted,
            "kpi_recovered": self.kpi_recovered,
            "champion_before": self.champion_before,
            "champion_after": self.champion_after,
            "months": [asdict(month) for month in self.months],
            "page": self.page,
        }

    def _kpi(self, month: Month) -> float | None:
        return None if month.kpi is None else value_of(month.kpi)

    def _is_drifted(self, month: Month) -> bool:
        return month.start >= self.drift_planted_at


def show_story(out: Output, story: Story) -> None:
    """Print the months and the turning points for a person."""
    out.table(
        ("month", "from", "scored", "champion", KPI, "inputs that drift", "rules that fired"),
        [
            (
                month.number,
                f"{month.start:%Y-%m-%d}",
                month.scored,
                month.champion,
                None if month.kpi is None else value_of(month.kpi),
                ", ".join(month.drifted),
                ", ".join(month.firing),
            )
            for month in story.months
        ],
        title=f"{story.use_case}: {len(story.months)} simulated months",
    )
    out.line()
    for month in story.months:
        for event in month.events:
            out.line(f"month {month.number}: {event}")
    out.line()
    out.facts(
        [
            ("drift planted", story.drift_planted_at),
            ("drift detected", story.drift_detected_at),
            (f"{KPI} before", story.kpi_before),
            (f"{KPI} in the drift", story.kpi_drifted),
            (f"{KPI} recovered", story.kpi_recovered),
            ("page", story.page),
        ]
    )
