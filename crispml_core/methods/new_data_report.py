"""Method 9, NewDataReport: scores of a period, verified against their ground truth.

In come the scores of a window, each joined to at most one label, out goes a `PerformanceReport`.
What counts is what was answered then: the stored decision and the stored probability, never a new
prediction. A record that was scored twice counts twice.

The same scores and labels, question, declarations and libraries give the same content to the byte,
in whatever order the rows come; neither an id nor the moment of making is part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crispml_core.domain.conformal import ConformalTable
from crispml_core.domain.reports import ReportQuestion
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.gates import judge_gates, overall
from crispml_core.monitoring.verification.basis import basis
from crispml_core.monitoring.verification.comparable import Comparable
from crispml_core.monitoring.verification.facts import counts, facts, span
from crispml_core.monitoring.verification.fair_treatment import fair_treatment
from crispml_core.monitoring.verification.label_coverage import label_coverage
from crispml_core.monitoring.verification.missing_labels import estimated, weighted
from crispml_core.monitoring.verification.notes import notes
from crispml_core.monitoring.verification.performance import performance
from crispml_core.monitoring.verification.periods import periods
from crispml_core.monitoring.verification.stored_intervals import interval_coverage
from crispml_core.tables.joined import Joined


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
        Says the task, the classes, the costs, the segments, the gates and the monitoring.
    """

    def __init__(self, use_case: UseCase) -> None:
        self.use_case = use_case

    def run(
        self,
        scores: Joined,
        asked: ReportQuestion,
        *,
        training_kpis: Mapping[str, float | None] | None = None,
        conformal: Mapping[str, ConformalTable] | None = None,
        libraries: Mapping[str, str] | None = None,
    ) -> PerformanceReport:
        """Return the report; no scores or no labels give a report of None values that says so.

        Parameters
        ----------
        scores : Joined
            The scores of the window, as `crispml_core.tables.joined.joined_arrays` makes them.
        asked : ReportQuestion
            Which scores these are, and as of when.
        training_kpis : mapping of str to float or None, optional
            KPIs on ``test`` of the training report of the version, shown beside.
        conformal : mapping of str to ConformalTable, optional
            By version, what its intervals or label sets follow from.
        libraries : mapping of str to str, optional
            Versions of what the numbers are computed with.
        """
        parts = periods(scores.scored_at)
        content = facts(self.use_case, asked, libraries or {})
        content |= span(scores) | counts(scores) | label_coverage(scores)
        content["training_kpis"] = None if training_kpis is None else dict(training_kpis)
        content |= performance(self.use_case, scores, parts)
        known = Comparable.of(scores)
        content["estimated"] = estimated(self.use_case, known, parts)
        content["weighted"] = weighted(self.use_case, known)
        found = basis(content)
        content["fairness"] = fair_treatment(self.use_case, known, found["basis"])
        content["intervals"] = interval_coverage(self.use_case, scores, conformal or {})
        content |= self._verdict(found)
        content["notes"] = notes(content)
        return PerformanceReport(content)

    def _verdict(self, found: Mapping[str, Any]) -> dict[str, Any]:
        gates = judge_gates(self.use_case.gates, found["kpis"])
        return {"gates": gates, "verdict": {"overall": overall(gates), **found}}
