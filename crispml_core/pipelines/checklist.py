"""The checklist of a version, out of what the stores know about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from crispml_core.domain.approval import ChecklistItem
from crispml_core.domain.errors import NotFound, RegistryDamaged
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.models import ModelVersion
from crispml_core.domain.use_case import UseCase
from crispml_core.domain.version_files import REPORT_FILE
from crispml_core.governance.approval import checklist
from crispml_core.monitoring.drift.windows import whole_hours
from crispml_core.pipelines.monitoring.stores import ReadDrift
from crispml_core.pipelines.stores import TrainingStores


def checklist_of(
    stores: TrainingStores, drift: ReadDrift, use_case: UseCase, manifest: ModelVersion
) -> tuple[ChecklistItem, ...]:
    """Hold a version against the policy of its use case, see `governance.approval.checklist`."""
    verdict = stores.health.current(manifest.model).get(manifest.version)
    return checklist(
        use_case,
        manifest,
        report=_report(stores, manifest),
        unfit=None if verdict is None or verdict.fit else verdict.reason,
        drift=_drift(drift, use_case, manifest.version),
    )


def _report(stores: TrainingStores, manifest: ModelVersion) -> Mapping[str, Any] | None:
    """Return the report that travels with the version; None if it is missing or damaged."""
    try:
        content = stores.models.read(manifest.model, manifest.version, REPORT_FILE)
        report: Mapping[str, Any] = msgspec.json.decode(content)
    except (NotFound, RegistryDamaged, msgspec.DecodeError):
        return None
    return report


def _drift(drift: ReadDrift, use_case: UseCase, version: str) -> Mapping[str, Any] | None:
    days = use_case.approval.drift_days
    if days is None:
        return None
    now = utc_now()
    start, end = whole_hours(now - timedelta(days=days), now)
    try:
        return drift(use_case.name, start=start, end=end, version=version, window="week")
    except (NotFound, RegistryDamaged):
        return None
