"""Judging a version that is in service."""

from __future__ import annotations

from crispml_core.domain.health import HealthVerdict
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.stores import TrainingStores


def judge_version(
    stores: TrainingStores,
    use_case: UseCase,
    version: str,
    *,
    healthy: bool,
    reason: str,
    evidence: str = "",
    judged_by: str = "",
    idempotency_key: str | None = None,
    fingerprint: str = "",
) -> HealthVerdict:
    """Keep a verdict on a version; scoring follows it within a second.

    An unfit champion is answered for by the version of the alias ``fallback``, and answers again
    when it is fit. No alias moves.

    Parameters
    ----------
    evidence : str
        Id of the report that the verdict stands on.

    Raises
    ------
    NotFound
        If there is no such version.
    """
    stores.models.get(use_case.name, version)
    return stores.health.judge(
        use_case.name,
        version,
        healthy=healthy,
        reason=reason,
        policy=use_case.monitoring.health,
        judged_by=judged_by,
        evidence=evidence,
        idempotency_key=idempotency_key,
        fingerprint=fingerprint,
    )
