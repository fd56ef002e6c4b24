"""Whether a version stands on an approval, and which ones answer without."""

from __future__ import annotations

from crispml_core.domain.approval import VersionDecision
from crispml_core.domain.errors import CrispMLError, NotFound, RegistryDamaged, StoreUnavailable
from crispml_core.domain.models import AliasEvent
from crispml_core.domain.version_files import REPORT_FILE
from crispml_core.governance.approval import standing
from crispml_core.pipelines.stores import TrainingStores


def bound_to(stores: TrainingStores, model: str, version: str) -> tuple[str, str]:
    """Return the digests that a decision is about: of the version, and of its training report.

    The second is empty when the version has no report, or a damaged one: an approval holds for
    none of these.
    """
    digest = stores.models.digest(model, version)
    for file in stores.models.get(model, version).files:
        if file.name == REPORT_FILE:
            try:
                stores.models.read(model, version, REPORT_FILE)
            except (NotFound, RegistryDamaged):
                break
            return digest, file.sha256
    return digest, ""


def approval_of(stores: TrainingStores, model: str, version: str) -> VersionDecision | None:
    """Return the approval of a version that holds here; None also when it cannot be read."""
    decisions = stores.approvals.decisions(model, version)
    if not decisions:
        return None
    try:
        digest, report = bound_to(stores, model, version)
    except StoreUnavailable:
        raise
    except CrispMLError:
        return None
    return standing(decisions, stores.rules.environment, digest, report) if report else None


def unapproved(stores: TrainingStores, model: str) -> list[AliasEvent]:
    """Return the aliases that let a version answer here without an approval that holds.

    The glass was broken for them, their approval was taken back, their report was changed, or they
    are from before the environment asked.
    """
    if not stores.rules.asks_approval:
        return []
    return [
        event
        for alias, event in sorted(stores.aliases.aliases(model).items())
        if stores.rules.concerns(alias, event.traffic)
        and approval_of(stores, model, event.version) is None
    ]
