"""Reads the facts that rules look at, as they were known at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from crispml_core.domain.errors import NotFound, RegistryDamaged
from crispml_core.domain.models import CHAMPION, ModelVersion
from crispml_core.domain.reports import ReportQuestion
from crispml_core.domain.rules import WINDOWED
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.rules.facts import Facts
from crispml_core.pipelines.monitor_stores import MonitorStores

_DAY_S = 86400.0


def facts_at(stores: MonitorStores, use_case: UseCase, at: datetime) -> Facts:
    """Return the facts of a use case at a moment; what was stored later does not count.

    The KPIs are those of the scores of the version that was champion then: after a promotion, what
    the version before had answered says nothing about the one that answers now.
    """
    move = stores.aliases.current(use_case.name, CHAMPION, at)
    if move is None:
        return Facts(at=at)
    try:
        manifest = stores.models.get(use_case.name, move.version)
    except (NotFound, RegistryDamaged):
        manifest = None  # the rules about it say that it is unknown; the others are evaluated
    trained_at = None if manifest is None else manifest.created_at
    return Facts(
        at=at,
        champion=move.version,
        age_days=None if trained_at is None else (at - trained_at).total_seconds() / _DAY_S,
        new_labels=None
        if trained_at is None
        else stores.labels.count_received(use_case.name, trained_at, at),
        reports={
            days: _verified(stores, use_case, move.version, manifest, at, days)
            for days in sorted(_windows(use_case))
        },
    )


def _windows(use_case: UseCase) -> set[float]:
    """Return the windows of the rules that look at scores."""
    return {
        rule.window_days
        for rule in use_case.monitoring.rules
        if any(condition.fact in WINDOWED for condition in rule.when)
    }


def _verified(
    stores: MonitorStores,
    use_case: UseCase,
    version: str,
    manifest: ModelVersion | None,
    at: datetime,
    days: float,
) -> Mapping[str, Any]:
    """Return the content of the report of a window that ends at the moment."""
    from crispml_core.methods.new_data_report import NewDataReport  # loads SciPy

    asked = ReportQuestion(start=at - timedelta(days=days), end=at, version=version, as_of=at)
    joined = stores.ledger.with_labels(
        use_case.name, start=asked.start, end=at, version=version, as_of=at
    )
    report = NewDataReport(use_case).run(
        joined,
        asked,
        training_kpis=None if manifest is None else manifest.kpis["test"],
        libraries=stores.libraries(),
    )
    return report.content
