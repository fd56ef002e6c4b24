"""What Prometheus learns about models, runs, alerts and messages.

The numbers are those of the database, so that they are right after every start. This service alone
tells them: scoring has several processes, and no series shall have two sources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from crispml_core.bootstrap.training import TrainingParts
from crispml_core.pipelines.figures.read import Figures
from crispml_core.pipelines.figures.reports import ReportFigures

_RULE = ("use_case", "rule", "severity")
_REPORT = ("use_case", "version")


class StoredMetrics(Collector):
    """Figures as they are stored, see `crispml_core.pipelines.figures`.

    Parameters
    ----------
    parts : callable
        Gives the parts of the service; None until it has started.
    """

    def __init__(
        self, registry: CollectorRegistry, parts: Callable[[], TrainingParts | None]
    ) -> None:
        self._parts = parts
        registry.register(self)

    def describe(self) -> Iterator[Metric]:
        """Yield the metrics without a number: registering them must read nothing."""
        return iter(_Families())

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; `crispml_database_read_up` says whether the others have samples."""
        families, parts = _Families(), self._parts()
        if parts is not None:
            families.take_gates(parts)
            figures = parts.figures.get()
            families.up.add_metric([], figures is not None)
            if figures is not None:
                families.take(figures)
        yield from families


class _Families:
    """The families of one answer."""

    def __init__(self) -> None:
        gauge, counter = GaugeMetricFamily, CounterMetricFamily
        self.up = gauge(
            "crispml_database_read_up",
            "1 while the numbers that come from the database could be read, else 0.",
        )
        self._kpi = gauge(
            "crispml_kpi",
            "KPIs of the newest verification report, as far as its verdict rests on them.",
            labels=(*_REPORT, "kpi"),
        )
        self._kept = gauge(
            "crispml_kpi_gate_kept",
            "1 if the newest verification report keeps the gate, 0 if not, NaN if undecided.",
            labels=(*_REPORT, "kpi"),
        )
        self._bound = gauge(
            "crispml_kpi_gate_bound",
            "What the use case asks of a KPI.",
            labels=("use_case", "kpi", "bound"),
        )
        self._coverage = gauge(
            "crispml_label_coverage_ratio",
            "Share of the scores of the newest verification report that have a label.",
            labels=_REPORT,
        )
        self._lag = SummaryMetricFamily(
            "crispml_label_lag_seconds",
            "Time from a score to that of its label, in the newest verification report.",
            labels=("use_case",),
        )
        self._as_of = gauge(
            "crispml_report_timestamp_seconds",
            "Until when the newest verification report knows labels, in seconds since 1970.",
            labels=_REPORT,
        )
        self._alias = gauge(
            "crispml_alias_info",
            "1; the labels say which version is behind an alias.",
            labels=("model", "alias", "version"),
        )
        self._moves = counter(
            "crispml_alias_moves_total",
            "Moves of an alias, removals included.",
            labels=("model", "alias"),
        )
        self._runs = gauge(
            "crispml_runs",
            "Runs that are stored, by method and status.",
            labels=("method", "status"),
        )
        self._wait = gauge(
            "crispml_run_wait_seconds", "How long the run waits that waits longest; 0 if none does."
        )
        self._firing = gauge("crispml_alert_firing", "1 while a rule fires.", labels=_RULE)
        self._alerts = counter("crispml_alerts_total", "Alerts that ever fired.", labels=_RULE)
        self._actions = counter(
            "crispml_trigger_actions_total",
            "What rules set off besides alerts, by how far it came.",
            labels=("use_case", "kind", "status"),
        )
        self._messages = gauge(
            "crispml_webhook_messages", "Messages for the webhook by status.", labels=("status",)
        )

        self._unapproved = gauge(
            "crispml_answers_unapproved",
            "1 while what answers under an alias lacks the approval that it needs, else 0.",
            labels=("model", "alias"),
        )

    def __iter__(self) -> Iterator[Metric]:
        return iter(vars(self).values())

    def take_gates(self, parts: TrainingParts) -> None:
        """Take what the use cases declare."""
        for name, use_case in parts.use_cases.items():
            for gate in use_case.gates:
                for bound in ("minimum", "maximum"):
                    value = getattr(gate, bound)
                    if value is not None:
                        self._bound.add_metric((name, gate.kpi, bound), value)

    def take(self, figures: Figures) -> None:
        """Take what was read."""
        lagging = set()
        for report in figures.reports:
            self._take_report(report)
        for report in sorted(figures.reports, key=lambda report: report.as_of, reverse=True):
            if report.use_case not in lagging:
                lagging.add(report.use_case)
                self._take_lag(report)
        for (model, alias), version in figures.versions.items():
            self._alias.add_metric((model, alias, version), 1)
        for moved, number in figures.alias_moves.items():
            self._moves.add_metric(moved, number)
        for what, number in figures.runs.items():
            self._runs.add_metric(what, number)
        self._wait.add_metric((), figures.run_wait_s)
        for rule, (now, ever) in figures.alerts.items():
            self._firing.add_metric(rule, now)
            self._alerts.add_metric(rule, ever)
        for action, number in figures.actions.items():
            self._actions.add_metric(action, number)
        for answering, is_missing in figures.unapproved.items():
            self._unapproved.add_metric(answering, is_missing)
        for status, number in figures.messages.items():
            self._messages.add_metric((status,), number)

    def _take_report(self, report: ReportFigures) -> None:
        whose = (report.use_case, report.version)
        self._as_of.add_metric(whose, report.as_of.timestamp())
        if report.coverage is not None:
            self._coverage.add_metric(whose, report.coverage)
        for kpi, value in report.kpis.items():
            self._kpi.add_metric((*whose, kpi), value)
        for kpi, kept in report.gates.items():
            self._kept.add_metric((*whose, kpi), kept)

    def _take_lag(self, report: ReportFigures) -> None:
        # Prometheus knows quantiles only of a summary, and this one has no sum.
        name = self._lag.name
        for quantile, seconds in report.lag_s.items():
            labels = {"use_case": report.use_case, "quantile": f"{quantile:g}"}
            self._lag.add_sample(name, labels, seconds)
        self._lag.add_sample(f"{name}_count", {"use_case": report.use_case}, report.labelled)
