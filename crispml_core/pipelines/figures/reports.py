"""The few numbers of a stored verification report that are watched over time."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crispml_core.domain.errors import NotFound, ReportDamaged
from crispml_core.domain.reports import REPLAY, VerificationReport
from crispml_core.governance.gates import MET, NOT_MET
from crispml_core.ports.report_store import ReportStore

ALL = "all"
"""Stands for the version of a report over the scores of all versions."""

LOOKED_AT = 100
"""So many reports of a use case are looked at, newest first."""

_KEPT = {MET: 1.0, NOT_MET: 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFigures:
    """What one report says.

    Parameters
    ----------
    version : str
        Whose scores it is about, or `ALL`.
    as_of : datetime
        What was stored until then counts.
    kpis : dict
        Those that the verdict rests on; one without a value is left out.
    gates : dict
        By KPI 1 when the whole interval keeps the gate, 0 when none of it does, else NaN.
    coverage : float or None
        Share of the scores that have a label.
    labelled : int
        How many scores have one.
    lag_s : dict
        Seconds from a score to the time of its label, by quantile.
    """

    use_case: str
    version: str
    as_of: datetime
    kpis: Mapping[str, float]
    gates: Mapping[str, float]
    coverage: float | None
    labelled: int
    lag_s: Mapping[float, float]


class NewestReports:
    """Finds the newest reports of a use case, and reads each of them once: reports never change.

    Parameters
    ----------
    store : ReportStore
        Where they are.
    """

    def __init__(self, store: ReportStore) -> None:
        self._store = store
        self._known: dict[str, dict[str, ReportFigures | None]] = {}

    def of(self, use_case: str, versions: Collection[str]) -> list[ReportFigures]:
        """Return the newest report over all versions, and the newest over each of `versions`."""
        ids = self._store.newest_ids(use_case, LOOKED_AT)
        before = self._known.get(use_case, {})
        known = {one: before[one] for one in ids if one in before}
        self._known[use_case] = known
        wanted, found = {ALL, *versions}, dict[str, ReportFigures]()
        for one in ids:
            if one not in known:
                known[one] = self._look(one)
            figures = known[one]
            if figures is not None and figures.version in wanted:
                found.setdefault(figures.version, figures)
            if len(found) == len(wanted):
                break  # a first look after the start need not read what is older
        return list(found.values())

    def _look(self, report_id: str) -> ReportFigures | None:
        try:
            return figures_of(self._store.get(report_id))
        except (NotFound, ReportDamaged):
            return None  # the report says so to whoever reads it


def figures_of(report: VerificationReport) -> ReportFigures | None:
    """Return the numbers of a report; None for one that verifies nothing, such as a replay."""
    content = report.content
    if content.get("kind") == REPLAY:
        return None
    as_of = content.get("window", {}).get("as_of")
    lag = content.get("lag") or {}
    kpis = (content.get("verdict") or {}).get("kpis", {})
    return ReportFigures(
        use_case=report.use_case,
        version=content.get("version") or ALL,
        as_of=report.created_at if as_of is None else datetime.fromisoformat(as_of),
        kpis=_numbers({name: found.get("value") for name, found in kpis.items()}),
        gates={
            gate["kpi"]: _KEPT.get(gate["verdict"], math.nan) for gate in content.get("gates", [])
        },
        coverage=content.get("coverage"),
        labelled=content.get("labelled", 0),
        lag_s=_numbers({0.5: lag.get("median_s"), 0.9: lag.get("p90_s"), 1.0: lag.get("max_s")}),
    )


def _numbers(values: Mapping[Any, float | None]) -> dict[Any, float]:
    return {name: value for name, value in values.items() if value is not None}
