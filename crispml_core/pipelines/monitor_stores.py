"""What watching a model reaches the world through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crispml_core.ports.alias_log import AliasLog
from crispml_core.ports.label_store import LabelStore
from crispml_core.ports.model_registry import ModelRegistry
from crispml_core.ports.monitor_store import MonitorStore
from crispml_core.ports.report_store import ReportStore
from crispml_core.ports.run_store import RunStore
from crispml_core.ports.score_ledger import ScoreLedger


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorStores:
    """The stores that rules are evaluated over.

    Parameters
    ----------
    check_cycle : callable
        Returns the complete parameters of a cycle, see `TrainingPipelines.check`.
    libraries : callable
        Versions of what the numbers of a report are computed with.
    """

    ledger: ScoreLedger
    labels: LabelStore
    reports: ReportStore
    models: ModelRegistry
    aliases: AliasLog
    runs: RunStore
    monitor: MonitorStore
    check_cycle: Callable[[str, str, Mapping[str, Any]], dict[str, Any]]
    libraries: Callable[[], Mapping[str, str]]
