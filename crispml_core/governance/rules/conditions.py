"""Whether the conditions of a rule hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from crispml_core.domain.rules import Condition, Rule
from crispml_core.domain.targets import Gate
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.gates import check_gates
from crispml_core.governance.rules.facts import Facts

_NO_CHAMPION = "there is no champion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one condition found.

    Parameters
    ----------
    what : str
        The fact in words.
    holds : bool or None
        None when the fact is unknown.
    value : float or None
        The number that was looked at.
    bound : str
        What it was held against.
    reason : str
        Why it is unknown, or what else there is to say.
    """

    what: str
    holds: bool | None
    value: float | None = None
    bound: str = ""
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as an evaluation shows it."""
        return asdict(self)


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


def _kpi(condition: Condition, rule: Rule, facts: Facts, use_case: UseCase) -> list[Finding]:
    content = facts.reports[rule.window_days]
    if not condition.segment:
        return [_of_kpi(condition, condition.what, content, content.get("labelled", 0), use_case)]
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
    if interval is None:
        return Finding(what=what, holds=None, bound=condition.bound, reason=reason)
    low, value, high = interval
    holds = condition.is_bad(low, high) if condition.confident else condition.is_bad(value, value)
    return Finding(what=what, holds=holds, value=value, bound=condition.bound)


def _of_gate(
    gate: Gate,
    what: str,
    content: Mapping[str, Any],
    labelled: Any,
    use_case: UseCase,
    condition: Condition | None = None,
) -> Finding:
    """Judge one KPI by a gate of the use case."""
    interval, reason = _interval(content, gate.kpi, labelled, use_case)
    (unmeasured,) = check_gates((gate,), {gate.kpi: None})
    bound = f"not {unmeasured.bound}"
    if interval is None:
        return Finding(what=what, holds=None, bound=bound, reason=reason)
    low, value, high = interval
    seen = (low, high) if condition is not None and condition.confident else (value, value)
    # The better end of the interval has to miss the gate: the upper one a minimum.
    misses = (gate.minimum is not None and seen[1] < gate.minimum) or (
        gate.maximum is not None and seen[0] > gate.maximum
    )
    return Finding(what=what, holds=misses, value=value, bound=bound)


def _interval(
    content: Mapping[str, Any], kpi: str, labelled: Any, use_case: UseCase
) -> tuple[tuple[float, float, float] | None, str]:
    """Return low end, value and high end of a KPI, or why it is unknown."""
    fewest = use_case.monitoring.min_group
    if not isinstance(labelled, int) or labelled < fewest:
        return None, f"fewer than {fewest} labels"
    found = content.get("kpis", {}).get(kpi)
    value = None if found is None else found.get("value")
    if value is None or not math.isfinite(value):
        return None, "the KPI has no value on these records"
    low, high = found.get("low"), found.get("high")
    return (value if low is None else low, value, value if high is None else high), ""


_JUDGES: Mapping[str, Callable[[Condition, Rule, Facts, UseCase], list[Finding]]] = {
    "gates": _gates,
    "kpi": _kpi,
    "coverage": _coverage,
    "age_days": _age,
    "new_labels": _new_labels,
}
