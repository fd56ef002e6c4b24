"""What the rules of a use case would have done in the past; nothing is stored or set off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from crispml_core.domain.use_case import UseCase
from crispml_core.governance.rules.decisions import History, decide, states_after
from crispml_core.pipelines.monitoring.facts import facts_at
from crispml_core.pipelines.monitoring.requests import moment_of
from crispml_core.pipelines.monitoring.stores import MonitorStores
from crispml_core.ports.progress import RunProgress


def dry_run(
    stores: MonitorStores,
    use_case: UseCase,
    parameters: Mapping[str, Any],
    progress: RunProgress,
) -> dict[str, Any]:
    """Evaluate at past moments, as if every evaluation before had been made then.

    Each moment sees what was stored until then. A retraining that would have been set off counts
    for the cool-down and the budget, and changes nothing else: champion and challenger are who
    they were.

    Returns
    -------
    dict
        The parameters, the number of ``evaluations``, per rule when it ``fired`` and would have
        ``acted``, and a ``timeline`` with every decision.
    """
    at, end = moment_of("from", parameters["from"]), moment_of("to", parameters["to"])
    assert at is not None
    assert end is not None
    step = timedelta(days=parameters["step_days"])
    steps, history, unfit = (end - at) // step + 1, History(), False
    timeline: list[dict[str, Any]] = []
    rules: dict[str, dict[str, list[str]]] = {
        rule.name: {"fired": [], "resolved": [], "acted": []} for rule in use_case.monitoring.rules
    }
    for number in range(steps):
        progress(100.0 * number / steps, f"as of {at:%Y-%m-%dT%H:%M:%SZ}", ())
        # What serves in the place of an unfit champion is not known of the past; it is played.
        facts = replace(facts_at(stores, use_case, at), unfit=unfit)
        decisions = decide(use_case, facts, history)
        acts = {decision.act for decision in decisions}
        unfit = "fallback" in acts or (unfit and "recover" not in acts)
        promoted = {d.version for d in decisions if d.act == "promote" and d.version}
        history = History(
            states=states_after(decisions),
            retrained=(*history.retrained, *((at,) if "retrain" in acts else ())),
            asked=history.asked | promoted,
        )
        for decision in decisions:
            if decision.change is not None:
                rules[decision.rule][decision.change].append(at.isoformat())
            if decision.act is not None:
                rules[decision.rule]["acted"].append(at.isoformat())
        timeline.append(
            {
                "at": at.isoformat(),
                "champion": facts.champion,
                "decisions": [decision.to_dict() for decision in decisions],
            }
        )
        at += step
    return {**parameters, "evaluations": steps, "rules": rules, "timeline": timeline}
