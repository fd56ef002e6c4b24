"""Reads the numbers that only the database knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from crispml_core.domain.alerts import DeliveryStatus
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.models import ROLES, AliasEvent
from crispml_core.domain.runs import MONITORING_RUNS, SCORING_METHODS, TRAINING_RUNS, RunStatus
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.figures.reports import NewestReports, ReportFigures
from crispml_core.ports.alias_log import AliasLog
from crispml_core.ports.monitor_store import MonitorStore
from crispml_core.ports.outbox import Outbox
from crispml_core.ports.report_store import ReportStore
from crispml_core.ports.run_store import RunStore

RUNS = (*TRAINING_RUNS, *MONITORING_RUNS, SCORING_METHODS[0])
"""What runs are of; batches are runs of method 7."""

OTHER = "other"
"""Stands for every other alias: whoever may move aliases can invent any number of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureStores:
    """What the numbers are read from.

    Parameters
    ----------
    unapproved : callable
        Gives the aliases of a model that answer without an approval where one is needed.
    """

    aliases: AliasLog
    reports: ReportStore
    runs: RunStore
    findings: MonitorStore
    outbox: Outbox
    unapproved: Callable[[str], Sequence[AliasEvent]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The numbers of one moment.

    Parameters
    ----------
    reports : sequence of ReportFigures
        Per use case the newest over all versions, and those over the versions behind `ROLES`.
    versions : dict
        The version behind a model and alias.
    alias_moves : dict
        How often an alias moved, by model and one of `ROLES` or `OTHER`.
    runs : dict
        How many there are, by method and status.
    run_wait_s : float
        How long the run waits that waits longest; 0 when none waits.
    alerts : dict
        How many fire now and how many ever did, by use case, rule and severity.
    actions : dict
        How many there ever were, by use case, kind and status.
    messages : dict
        Messages for the webhook, by status.
    unapproved : dict
        Whether what answers lacks the approval that it needs, by model and one of `ROLES`.
    """

    reports: Sequence[ReportFigures]
    versions: Mapping[tuple[str, str], str]
    alias_moves: Mapping[tuple[str, str], int]
    runs: Mapping[tuple[str, str], int]
    run_wait_s: float
    alerts: Mapping[tuple[str, str, str], tuple[int, int]]
    actions: Mapping[tuple[str, str, str], int]
    messages: Mapping[str, int]
    unapproved: Mapping[tuple[str, str], bool]


class ReadFigures:
    """Reads the numbers with a few queries that sum up, or read along an index.

    Parameters
    ----------
    clock : callable
        Returns the current moment in UTC.
    """

    def __init__(
        self,
        use_cases: Mapping[str, UseCase],
        stores: FigureStores,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._use_cases, self._stores, self._clock = use_cases, stores, clock
        self._reports = NewestReports(stores.reports)

    def __call__(self) -> Figures:
        """Read them; raise `StoreUnavailable` while the database is away."""
        stores = self._stores
        versions = self._versions()
        return Figures(
            reports=[
                figures
                for name in self._use_cases
                for figures in self._reports.of(
                    name, [version for (model, _), version in versions.items() if model == name]
                )
            ],
            versions=versions,
            alias_moves=self._moves(),
            runs=self._runs(),
            run_wait_s=self._wait(),
            alerts=stores.findings.alert_counts(),
            actions=stores.findings.action_counts(),
            messages=dict.fromkeys(DeliveryStatus, 0) | stores.outbox.counts(),
            unapproved=self._unapproved(),
        )

    def _versions(self) -> dict[tuple[str, str], str]:
        return {
            (name, alias): event.version
            for name in self._use_cases
            for alias, event in self._stores.aliases.aliases(name).items()
            if alias in ROLES
        }

    def _unapproved(self) -> dict[tuple[str, str], bool]:
        found = dict.fromkeys(product(self._use_cases, ROLES), False)
        for name in self._use_cases:
            for event in self._stores.unapproved(name):
                found[name, event.alias] = True
        return found

    def _moves(self) -> dict[tuple[str, str], int]:
        # From 0 on, so that the first move is a rise.
        moves = Counter(dict.fromkeys(((m, a) for m in self._use_cases for a in ROLES), 0))
        for (model, alias), number in self._stores.aliases.move_counts().items():
            if model in self._use_cases:
                moves[model, alias if alias in ROLES else OTHER] += number
        return dict(moves)

    def _runs(self) -> dict[tuple[str, str], int]:
        runs: dict[tuple[str, str], int] = dict.fromkeys(product(RUNS, RunStatus), 0)
        for (method, status), number in self._stores.runs.counts().items():
            if method in RUNS:
                runs[method, status.value] = number
        return runs

    def _wait(self) -> float:
        since = self._stores.runs.oldest_queued()
        return 0.0 if since is None else max(0.0, (self._clock() - since).total_seconds())
