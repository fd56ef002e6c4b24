"""Method 9, NewDataReport: scores of a period, verified against their ground truth.

In come the scores of a window, each joined to at most one label, out goes a `PerformanceReport`.
What counts is what was answered then: the stored decision and the stored probability, never a new
prediction. A score without a label is counted and otherwise left out. A record that was scored
twice counts twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from crispml_core.domain.use_case import UseCase
from crispml_core.governance.gates import check_gates
from crispml_core.monitoring.assessment import assess
from crispml_core.monitoring.coverage import coverage, label_lag
from crispml_core.monitoring.groups import segment_kpis
from crispml_core.monitoring.intervals import LEVEL, Interval
from crispml_core.monitoring.kpis import kpis_with_intervals, values_of
from crispml_core.tables.joined import Joined, Verified, joined_arrays, text_of

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class PerformanceReport:
    """How the scores of a window held against their ground truth.

    Parameters
    ----------
    content : dict
        The report as JSON values, without NaN; `crispml_core.reporting.pages.render_verification`
        makes a page of it.
    """

    content: dict[str, Any]


class NewDataReport:
    """Compare stored scores with the labels that arrived later.

    Parameters
    ----------
    use_case : UseCase
        Says the task, the classes, the costs, the segments and the gates.
    """

    def __init__(self, use_case: UseCase) -> None:
        self.use_case = use_case

    def run(
        self,
        joined: pa.Table,
        *,
        start: datetime | None,
        end: datetime | None,
        version: str | None,
        as_of: datetime | None,
        created_at: datetime,
        training_kpis: Mapping[str, float | None] | None = None,
    ) -> PerformanceReport:
        """Return the report; no scores or no labels give a report of None values that says so.

        Parameters
        ----------
        joined : pyarrow.Table
            As `crispml_core.ports.score_ledger.ScoreLedger.with_labels` returns it.
        start, end : datetime or None
            The window [start, end) that was asked for.
        version : str or None
            The version that was asked for; None means all.
        as_of : datetime or None
            What was stored later does not count.
        created_at : datetime
            When the report is made.
        training_kpis : mapping of str to float or None, optional
            KPIs on ``test`` of the training report of the version, shown beside.
        """
        scores = joined_arrays(self.use_case, joined)
        labelled, usable = int(scores.labelled.sum()), int(scores.usable.sum())
        content = self._facts(version, created_at) | {
            "window": msgspec.to_builtins({"start": start, "end": end, "as_of": as_of}),
            **_span(scores),
            "scored": len(scores),
            "labelled": labelled,
            "unusable": labelled - usable,
            "coverage": coverage(len(scores), labelled),
            "lag": label_lag(scores.scored_at[scores.labelled], scores.label_time[scores.labelled]),
            "training_kpis": None if training_kpis is None else dict(training_kpis),
        }
        content |= self._assess(scores.verified())
        content["versions"] = self._versions(scores)
        verified_rows = np.flatnonzero(scores.usable)
        content["segments"] = segment_kpis(
            {name: members.take(verified_rows) for name, members in scores.segments.items()},
            lambda rows: self._kpis(scores.verified(verified_rows[rows])),
            order={segment.name: segment.groups for segment in self.use_case.segments},
            min_group=self.use_case.monitoring.min_group,
        )
        content["gates"] = [
            result.to_dict()
            for result in check_gates(self.use_case.gates, values_of(content["kpis"]))
        ]
        content["notes"] = _notes(content)
        return PerformanceReport(content)

    def _facts(self, version: str | None, created_at: datetime) -> dict[str, Any]:
        target = self.use_case.target
        return {
            "schema_version": SCHEMA_VERSION,
            "kind": "verification",
            "use_case": self.use_case.name,
            "use_case_version": self.use_case.version,
            "task": target.task,
            "target": target.name,
            "positive": target.positive,
            "version": version,
            "created_at": msgspec.to_builtins(created_at),
            "confidence_level": LEVEL,
        }

    def _assess(self, verified: Verified) -> dict[str, Any]:
        return assess(
            self.use_case.target.task,
            verified.y,
            verified.prediction,
            decision=verified.decision,
            classes=self.use_case.target.classes,
            costs=self.use_case.cost_matrix,
        )

    def _kpis(self, verified: Verified) -> dict[str, Interval]:
        return kpis_with_intervals(
            self.use_case.target.task,
            verified.y,
            verified.prediction,
            decision=verified.decision,
            costs=self.use_case.cost_matrix,
            n_classes=len(self.use_case.target.classes),
        )

    def _versions(self, scores: Joined) -> list[dict[str, Any]]:
        """Return scores and labels by version, and the KPIs of each when there are several."""
        names = scores.versions.names
        rows = [scores.versions.rows(code) for code in range(len(names))]
        return [
            {
                "version": name,
                "scored": len(of_version),
                "labelled": int(scores.labelled[of_version].sum()),
                "kpis": self._kpis(scores.verified(of_version)) if len(names) > 1 else None,
            }
            for name, of_version in zip(names, rows, strict=True)
        ]


def _span(scores: Joined) -> dict[str, Any]:
    if len(scores) == 0:
        return {"first_scored_at": None, "last_scored_at": None}
    return {
        "first_scored_at": text_of(scores.scored_at.min()),
        "last_scored_at": text_of(scores.scored_at.max()),
    }


def _notes(content: Mapping[str, Any]) -> list[str]:
    """Return what a reader must know before reading the numbers."""
    notes = []
    if content["scored"] == 0:
        notes.append("No score lies in this window, so there is nothing to verify.")
    elif content["labelled"] == 0:
        notes.append("No label has arrived for the scores of this window, so no KPI is known yet.")
    if content["unusable"]:
        notes.append(
            f"{content['unusable']} labelled scores are left out of the KPIs: their label or their "
            "prediction is not a value that the target has today."
        )
    if content["lag"]["negative"]:
        notes.append(
            f"{content['lag']['negative']} labels are dated before their score; their lag counts "
            "as 0."
        )
    if len(content["versions"]) > 1:
        notes.append(
            "Several model versions answered in this window; the KPIs mix them and the table of "
            "versions tells them apart."
        )
    return notes
