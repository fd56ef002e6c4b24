"""Reads the facts that rules look at, as they were known at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from crispml_core.domain.conformal import ConformalTable
from crispml_core.domain.errors import Conflict, InvalidInput, NotFound, RegistryDamaged
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.models import CHALLENGER, CHAMPION, ModelVersion
from crispml_core.domain.reports import ReportQuestion
from crispml_core.domain.rules import VERIFIED, Fact
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.rules.facts import Facts
from crispml_core.pipelines.monitoring.stores import MonitorStores

_DAY_S = 86400.0
# The trend of a drift report has at most 200 windows.
_LONGEST_BY_DAY = 150


def facts_at(stores: MonitorStores, use_case: UseCase, at: datetime) -> Facts:
    """Return the facts of a use case at a moment; what was stored later does not count.

    Only what a rule looks at is read. The KPIs are those of the scores of the version that was
    champion then: after a promotion, what the version before had answered says nothing about the
    one that answers now.
    """
    training, name = stores.training, use_case.name
    move = training.aliases.current(name, CHAMPION, at)
    if move is None:
        return Facts(at=at)
    version, manifest = move.version, _manifest(stores, name, move.version)
    trained_at = None if manifest is None else manifest.created_at
    verdict = training.health.current(name).get(version)
    challenger = training.aliases.current(name, CHALLENGER, at)
    return Facts(
        at=at,
        champion=version,
        age_days=None if trained_at is None else (at - trained_at).total_seconds() / _DAY_S,
        new_labels=None
        if trained_at is None
        else stores.labels.count_received(name, trained_at, at),
        reports={
            days: _verified(stores, use_case, version, manifest, at, days)
            for days in sorted(_windows(use_case, VERIFIED))
        },
        drift={
            days: _drift(stores, use_case, version, at, days)
            for days in sorted(_windows(use_case, ("drift",)))
        },
        challenge=_challenge(stores, use_case, at),
        challenger=None if challenger is None else challenger.version,
        unfit=verdict is not None and not verdict.fit,
    )


def _manifest(stores: MonitorStores, model: str, version: str) -> ModelVersion | None:
    """Return a manifest; without it the rules about it are unknown and the others evaluated."""
    try:
        return stores.training.models.get(model, version)
    except (NotFound, RegistryDamaged):
        return None


def _windows(use_case: UseCase, facts: tuple[Fact, ...]) -> set[float]:
    """Return the windows of the rules that look at one of some facts."""
    return {
        rule.window_days
        for rule in use_case.monitoring.rules
        if any(condition.fact in facts for condition in rule.when)
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
    from crispml_core.tables.joined import joined_arrays, needed_columns

    asked = ReportQuestion(start=at - timedelta(days=days), end=at, version=version, as_of=at)
    joined = stores.ledger.with_labels(
        use_case.name,
        start=asked.start,
        end=at,
        version=version,
        as_of=at,
        columns=needed_columns(use_case),
    )
    conformal = None if manifest is None else manifest.conformal
    report = NewDataReport(use_case).run(
        joined_arrays(use_case, joined),
        asked,
        training_kpis=None if manifest is None else manifest.kpis["test"],
        conformal=None if conformal is None else {version: ConformalTable.from_dict(conformal)},
        libraries=stores.training.libraries(),
    )
    return report.content


def _drift(
    stores: MonitorStores, use_case: UseCase, version: str, at: datetime, days: float
) -> Mapping[str, Any]:
    """Return the drift of a window, or why it is unknown.

    Drift is counted by whole hours. Of the past only full hours are taken, so that nothing counts
    that came after the moment.
    """
    hour = utc_now().replace(minute=0, second=0, microsecond=0)
    end = at if at >= hour else at.replace(minute=0, second=0, microsecond=0)
    try:
        return stores.drift(
            use_case.name,
            start=end - timedelta(days=days),
            end=end,
            version=version,
            window="day" if days <= _LONGEST_BY_DAY else "week",
        )
    except (NotFound, RegistryDamaged, InvalidInput) as error:
        return {"reason": error.message}


def _challenge(stores: MonitorStores, use_case: UseCase, at: datetime) -> Mapping[str, Any]:
    """Return how the challenger stands, or why that is unknown; empty when no rule asks."""
    rules = use_case.monitoring.rules
    asked = any(condition.fact == "challenger" for rule in rules for condition in rule.when)
    if not asked and all(rule.action != "retrain" for rule in rules):
        return {}
    try:
        return stores.challenge(use_case.name, at)
    except (NotFound, Conflict, InvalidInput) as error:
        return {"reason": error.message}
