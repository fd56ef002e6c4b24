"""Whether the drift of a window is what a condition looks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crispml_core.domain.rules import Condition, Rule
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.rules.facts import Facts
from crispml_core.governance.rules.findings import Finding


def drift_findings(
    condition: Condition, rule: Rule, facts: Facts, use_case: UseCase
) -> list[Finding]:
    """Return a finding per field that drifted, or one that says that none did.

    Without a bound the drift policy decides, which asks for an effect and a p-value; with one only
    the effect counts.
    """
    content = facts.drift.get(rule.window_days, {})
    reason = content.get("reason")
    if reason is not None or "fields" not in content:
        why = str(reason or "the drift cannot be read")
        return [Finding(what=condition.what, holds=None, bound=condition.bound, reason=why)]
    found = _measured(condition, content) if condition.bound else _alerts(condition, content)
    quiet = Finding(
        what=condition.what, holds=False, bound=condition.bound, reason="no field drifts"
    )
    return found or [quiet]


def _alerts(condition: Condition, content: Mapping[str, Any]) -> list[Finding]:
    return [
        Finding(
            what=f"drift {alert['statistic']} of {alert['field']}",
            holds=True,
            value=alert["value"],
            bound=f"at least {alert['threshold']:g}",
        )
        for alert in content["alerts"]
        if condition.name in ("", alert["statistic"]) and condition.field in ("", alert["field"])
    ]


def _measured(condition: Condition, content: Mapping[str, Any]) -> list[Finding]:
    """Return the fields whose statistic is on the bad side; unknown where it was not measured."""
    measured = {
        entry["field"]: entry["statistics"].get(condition.name, {}).get("value")
        for entry in content["fields"]
        if condition.field in ("", entry["field"])
    }
    values = {name: value for name, value in measured.items() if value is not None}
    if not values:
        why = "the statistic is not measured in this window"
        return [Finding(what=condition.what, holds=None, bound=condition.bound, reason=why)]
    return [
        Finding(
            what=f"drift {condition.name} of {name}",
            holds=True,
            value=value,
            bound=condition.bound,
        )
        for name, value in values.items()
        if condition.is_bad(value, value)
    ]
