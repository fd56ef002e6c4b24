"""Whether the rules of a use case speak of things that the use case has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crispml_core.domain.drift import STATISTICS
from crispml_core.domain.errors import InvalidInput, did_you_mean
from crispml_core.domain.rules import Condition
from crispml_core.domain.use_case import UseCase


def check_rules(use_case: UseCase, kpis: Sequence[str]) -> None:
    """Refuse a rule that could never hold because of what it names.

    Parameters
    ----------
    use_case : UseCase
        The use case with its rules.
    kpis : sequence of str
        The KPIs of its task.

    Raises
    ------
    InvalidInput
        If a rule is declared twice or names a missing KPI, segment or group, or if the retraining
        names a missing algorithm; the text says which one and what is known.
    """
    monitoring = use_case.monitoring
    names = [rule.name for rule in monitoring.rules]
    for name in names:
        if names.count(name) > 1:
            raise InvalidInput(f"rule {name} is declared twice")
    for rule in monitoring.rules:
        for condition in rule.when:
            _check(f"rule {rule.name}", condition, use_case, kpis)
    known = [algorithm.name for algorithm in use_case.algorithms]
    for algorithm in monitoring.retraining.algorithms:
        _is_known("retraining", "algorithm", algorithm, known)


def _check(rule: str, condition: Condition, use_case: UseCase, kpis: Sequence[str]) -> None:
    gated = [gate.kpi for gate in use_case.gates]
    if condition.fact == "gates" and not gated:
        raise InvalidInput(f"{rule}: the use case has no gates; declare some, or name a KPI")
    if condition.fact == "kpi":
        _is_known(rule, "KPI", condition.name, kpis)
        if not condition.bound and condition.name not in gated:
            raise InvalidInput(
                f"{rule}: KPI {condition.name} has no gate; give below, above or at_least"
            )
    if condition.fact == "drift":
        if condition.name:
            _is_known(rule, "statistic of drift", condition.name, STATISTICS)
        if condition.field:
            _is_known(rule, "field", condition.field, _drifting(use_case))
    if condition.segment:
        segments = {segment.name: segment for segment in use_case.segments}
        _is_known(rule, "segment", condition.segment, segments)
        groups = segments[condition.segment].groups
        if condition.group and groups:
            _is_known(rule, f"group of {condition.segment}", condition.group, groups)


def _drifting(use_case: UseCase) -> list[str]:
    """Return what drift is measured of: fields that the ledger keeps, answers and labels."""
    kept = [field.name for field in use_case.schema if field.privacy == "keep"]
    keys = (use_case.record_key, use_case.subject_key)
    return [
        *(name for name in kept if name not in keys),
        "prediction",
        "prediction_probability",
        "label",
    ]


def _is_known(rule: str, what: str, name: str, known: Iterable[str]) -> None:
    names = list(known)
    if name not in names:
        hint = f"{did_you_mean(name, names)}; known: {', '.join(names) or 'none'}"
        raise InvalidInput(f"{rule}: no such {what} as {name}{hint}")
