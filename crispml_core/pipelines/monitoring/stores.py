"""What watching a model reaches the world through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from crispml_core.pipelines.stores import TrainingStores
from crispml_core.ports.deeds import Deeds
from crispml_core.ports.label_store import LabelStore
from crispml_core.ports.monitor_store import MonitorStore
from crispml_core.ports.report_store import ReportStore
from crispml_core.ports.run_store import RunStore
from crispml_core.ports.score_ledger import ScoreLedger


class ReadDrift(Protocol):
    """Gives the drift of a period; see `crispml_core.pipelines.drift.DriftPipelines.drift`."""

    def __call__(
        self, use_case: str, *, start: datetime, end: datetime, version: str, window: Any
    ) -> Mapping[str, Any]:
        """Return the report of a period."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorStores:
    """The stores that rules are evaluated over.

    Parameters
    ----------
    training : TrainingStores
        Has the versions, the aliases and the verdicts on versions.
    check_cycle : callable
        Returns the complete parameters of a cycle, see `TrainingPipelines.check`.
    drift : callable
        Gives the drift of a period.
    challenge : callable
        Says how the challenger of a use case stands, as known at a moment; see
        `crispml_core.pipelines.challenges.Challenges.challenge`.
    deeds : Deeds
        Writes down what rules set off, before and after.
    """

    training: TrainingStores
    ledger: ScoreLedger
    labels: LabelStore
    reports: ReportStore
    runs: RunStore
    monitor: MonitorStore
    check_cycle: Callable[[str, str, Mapping[str, Any]], dict[str, Any]]
    drift: ReadDrift
    challenge: Callable[[str, datetime], Mapping[str, Any]]
    deeds: Deeds
