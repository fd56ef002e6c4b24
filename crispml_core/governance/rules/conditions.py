"""Whether the conditions of a rule hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crispml_core.domain.rules import Condition, Rule
from crispml_core.domain.targets import Gate
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.gates import check_gates
from crispml_core.governance.rules.drift import drift_findings
from crispml_core.governance.rules.facts import Facts
from crispml_core.governance.rules.findings import Finding

Interval = tuple[float, float | None, float]

_NO_CHAMPION = "there is no champion"


def judge(rule: Rule, facts: Facts, use_case: UseCase) -> tuple[bool | None, tuple[Finding, ...]]:
    """Hold the facts of a moment against one rule.

    What is unknown neither holds nor fails: with ``all`` one condition that does not hold decides,
    with ``any`` one that does (the logic of Kleene, as SQL has it).

    Returns
    -------
    (bool or None, tuple of Finding)
        Whether the rule holds, None when that is unknown, and a finding per condition and group.
    """
    per_condition = [_findings(condition, rule, facts, use_case) for condition in rule.when]
    held = [any_of([finding.holds for finding in found]) for found in per_condition]
    holds = any_of(held) if rule.match == "any" else all_of(held)
    return holds, tuple(finding for found in per_condition for finding in found)


def any_of(held: Sequence[bool | None]) -> bool | None:
    """Return whether one of several answers is yes, where None is unknown."""
    if True in held:
        return True
    return None if None in held or not held else False


def all_of(held: Sequence[bool | None]) -> bool | None:
    """Return whether all of several answers are yes, where None is unknown."""
    if False in held:
        return False
    return None if None in held or not held else True


def _findings(condition: Condition, rule: Rule, facts: Facts, use_case: UseCase) -> list[Finding]:
    if facts.champion is None:
        return [
            Finding(what=condition.what, holds=None, bound=condition.bound, reason=_NO_CHAMPION)
        ]
    return _JUDGES[condition.fact](condition, rule, facts, use_case)


def _number(condition: Condition, value: float | None, reason: str) -> list[Finding]:
    """Judge a single number."""
    unknown = value is None or not math.isfinite(value)
    holds = None if value is None or unknown else condition.is_bad(value, value)
    shown = None if unknown else value
    return [
        Finding(
            what=condition.what,
            holds=holds,
            value=shown,
            bound=condition.bound,
            reason=reason if unknown else "",
        )
    ]


def _age(condition: Condition, rule: Rule, facts: Facts, use_case: UseCase) -> list[Finding]:
    return _number(condition, facts.age_days, "the manifest of the champion cannot be read")


def _new_labels(condition: Condition, rule: Rule, facts: Facts, use_case: UseCase) -> list[Finding]:
    return _number(condition, facts.new_labels, "the labels cannot be counted")


def _coverage(condition: Condition, rule: Rule, facts: Facts, use_case: UseCase) -> list[Finding]:
    share = facts.reports[rule.window_days].get("coverage")
    return _number(condition, share, "the champion scored nothing in the window")


def _gates(condition: Condition, rule: Rule, facts: Facts, use_case: UseCase) -> list[Finding]:
    content = facts.reports[rule.window_days]
    return [
        _of_gate(gate, f"gate {gate.kpi}", content, content.get("labelled", 0), use_case)
        for gate in use_case.gates
    ]


# What a verdict rests on when the labelled scores are no fair sample; then no group of them is one.
_SELECTED = ("weighted", "bounds")
_UNFAIR = "labels came for some kinds of scores only"


def _kpi(condition: Condition, rule: Rule, facts: Facts, use_case: UseCase) -> list[Finding]:
    content = facts.reports[rule.window_days]
    if not condition.segment:
        return [_of_kpi(condition, condition.what, content, content.get("labelled", 0), use_case)]
    if content.get("verdict", {}).get("basis") in _SELECTED:
        return [Finding(what=condition.what, holds=None, bound=condition.bound, reason=_UNFAIR)]
    groups = content.get("segments", {}).get(condition.segment, {}).get("groups", ())
    found = [
        _of_kpi(condition, f"{condition.what} = {group['group']}", group, group["n"], use_case)
        if not condition.group
        else _of_kpi(condition, condition.what, group, group["n"], use_case)
        for group in groups
        if condition.group in ("", group["group"])
    ]
    absent = Finding(
        what=condition.what, holds=None, bound=condition.bound, reason="no label in the window"
    )
    return found or [absent]


def _challenger(condition: Condition, rule: Rule, facts: Facts, use_case: UseCase) -> list[Finding]:
    said, reason = facts.challenge.get("decision"), str(facts.challenge.get("reason", ""))
    holds = None if said is None else said == condition.name
    return [Finding(what="challenger", holds=holds, bound=condition.name, reason=reason)]


def _of_kpi(
    condition: Condition, what: str, content: Mapping[str, Any], labelled: Any, use_case: UseCase
) -> Finding:
    """Judge one KPI of a report, or of a group in it, by a bound or by the gates."""
    if not condition.bound:
        gates = [gate for gate in use_case.gates if gate.kpi == condition.name]
        found = [_of_gate(gate, what, content, labelled, use_case, condition) for gate in gates]
        worst = any_of([finding.holds for finding in found])
        return next(finding for finding in found if finding.holds is worst)
    interval, reason = _interval(content, condition.name, labelled, use_case)
    return _finding(what, condition.bound, condition.is_bad, interval, reason, condition.confident)


def _of_gate(
    gate: Gate,
    what: str,
    content: Mapping[str, Any],
    labelled: Any,
    use_case: UseCase,
    condition: Condition | None = None,
) -> Finding:
    """Judge one KPI by a gate of the use case."""

    def misses(low: float, high: float) -> bool:
        return (gate.minimum is not None and high < gate.minimum) or (
            gate.maximum is not None and low > gate.maximum
        )

    interval, reason = _interval(content, gate.kpi, labelled, use_case)
    (unmeasured,) = check_gates((gate,), {gate.kpi: None})
    confident = condition is not None and condition.confident
    return _finding(what, f"not {unmeasured.bound}", misses, interval, reason, confident)


def _finding(
    what: str,
    bound: str,
    is_bad: Callable[[float, float], bool],
    interval: Interval | None,
    reason: str,
    confident: bool,
) -> Finding:
    """Judge an interval; where only its ends are known, they must agree."""
    if interval is None:
        return Finding(what=what, holds=None, bound=bound, reason=reason)
    low, value, high = interval
    if value is not None:
        holds: bool | None = is_bad(low, high) if confident else is_bad(value, value)
        return Finding(what=what, holds=holds, value=value, bound=bound)
    holds = all_of([is_bad(low, low), is_bad(high, high)])
    if is_bad(low, low) is not is_bad(high, high):
        holds = None
    said = f"only known to lie between {low:.4g} and {high:.4g}"
    return Finding(what=what, holds=holds, bound=bound, reason=said)


def _interval(
    content: Mapping[str, Any], kpi: str, labelled: Any, use_case: UseCase
) -> tuple[Interval | None, str]:
    """Return low end, value and high end of a KPI, or why it is unknown.

    A report knows whether its labelled scores are a fair sample; the KPIs of its verdict are then
    those over them, else weighted ones, or bounds without a value.
    """
    fewest = use_case.monitoring.min_group
    if not isinstance(labelled, int) or labelled < fewest:
        return None, f"fewer than {fewest} labels"
    kpis = content.get("verdict", {}).get("kpis") or content.get("kpis", {})
    found = kpis.get(kpi) or {}
    value, low, high = (_finite(found.get(name)) for name in ("value", "low", "high"))
    if value is None and (low is None or high is None):
        return None, "the KPI has no value on these records"
    if low is None or high is None:
        return (value or 0.0, value, value or 0.0), ""
    return (low, value, high), ""


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


_JUDGES: Mapping[str, Callable[[Condition, Rule, Facts, UseCase], list[Finding]]] = {
    "gates": _gates,
    "kpi": _kpi,
    "coverage": _coverage,
    "age_days": _age,
    "new_labels": _new_labels,
    "drift": drift_findings,
    "challenger": _challenger,
}
