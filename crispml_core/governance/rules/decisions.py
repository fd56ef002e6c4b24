"""From what rules found to what happens: alerts that begin and end, and actions within limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from crispml_core.domain.rules import Retraining, Rule, Severity
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.rules.conditions import judge
from crispml_core.governance.rules.facts import Facts
from crispml_core.governance.rules.findings import Finding

State = Literal["firing", "pending", "quiet", "unknown"]
Change = Literal["fired", "resolved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleState:
    """What is remembered of a rule from one evaluation to the next.

    Parameters
    ----------
    streak : int
        In how many evaluations in a row it held.
    firing_since : datetime or None
        When its alert began; None while there is none.
    """

    streak: int = 0
    firing_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What happened before the moment of an evaluation.

    Parameters
    ----------
    states : mapping of str to RuleState
        By rule, after the evaluation before.
    retrained : tuple of datetime
        When rules set off a retraining.
    busy : str
        Why no retraining can begin now; empty when one can.
    asked : frozenset of str
        Versions that a rule promoted already, or asked to promote.
    """

    states: Mapping[str, RuleState] = field(default_factory=dict)
    retrained: tuple[datetime, ...] = ()
    busy: str = ""
    asked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of one rule.

    Parameters
    ----------
    state : {"firing", "pending", "quiet", "unknown"}
        Pending: it holds, but not yet in enough evaluations in a row.
    change : {"fired", "resolved"} or None
        Whether its alert begins or ends now.
    act : str or None
        The action that is taken now, besides the alert.
    held : str
        Why the action of a rule that holds is not taken.
    version : str or None
        The version that the action is about.
    """

    rule: str
    severity: Severity
    action: str
    state: State
    streak: int
    firing_since: datetime | None
    findings: tuple[Finding, ...]
    change: Change | None = None
    act: str | None = None
    held: str = ""
    version: str | None = None

    @property
    def summary(self) -> str:
        """One sentence about what was found, without personal data."""
        bad = [finding for finding in self.findings if finding.holds]
        shown = bad or list(self.findings)
        parts = [finding.sentence for finding in shown[:5]]
        more = f"; {len(shown) - 5} more" if len(shown) > 5 else ""
        return "; ".join(parts) + more

    def to_dict(self) -> dict[str, Any]:
        """Return the decision as an evaluation shows it."""
        since = self.firing_since
        return {
            "rule": self.rule,
            "severity": self.severity,
            "action": self.action,
            "state": self.state,
            "streak": self.streak,
            "firing_since": since.isoformat() if since else None,
            "change": self.change,
            "act": self.act,
            "held": self.held,
            "summary": self.summary,
            "findings": [finding.to_dict() for finding in self.findings],
        }


def decide(use_case: UseCase, facts: Facts, history: History) -> tuple[Decision, ...]:
    """Decide about every rule of a use case.

    An alert begins when its rule held in `Rule.consecutive` evaluations in a row, and ends when the
    rule surely does not hold; while that is unknown, it stays as it is. A retraining is set off
    while the rule fires, outside the cool-down and within the budget, and by one rule at most; not
    while a challenger is on trial, whose trial would begin anew.
    """
    decisions: list[Decision] = []
    busy = history.busy
    for rule in use_case.monitoring.rules:
        holds, findings = judge(rule, facts, use_case)
        before = history.states.get(rule.name, RuleState())
        decision = _decision(rule, holds, findings, before, facts.at)
        if decision.state == "firing" and rule.action == "retrain":
            policy = use_case.monitoring.retraining
            held = busy or _on_trial(facts) or why_not_now(policy, history.retrained, facts.at)
            decision = _with_act(decision, "retrain", held)
            busy = busy or ("" if held else f"rule {rule.name} sets off a retraining already")
        elif decision.state == "firing" and rule.action == "promote":
            held = _why_not_promoted(facts, history)
            decision = _with_act(decision, "promote", held, facts.challenger)
        elif rule.action == "fallback":
            decision = _judged(decision, facts)
        decisions.append(decision)
    return tuple(decisions)


def why_not_now(policy: Retraining, retrained: tuple[datetime, ...], at: datetime) -> str:
    """Return why no retraining may begin at a moment; empty when one may."""
    past = [moment for moment in retrained if moment <= at]
    if past:
        free_at = max(past) + timedelta(days=policy.cooldown_days)
        if free_at > at:
            return f"cool-down until {free_at:%Y-%m-%dT%H:%M:%SZ}"
    period = at - timedelta(days=policy.budget_days)
    if sum(moment > period for moment in past) >= policy.budget:
        return f"the budget of {policy.budget} in {policy.budget_days:g} days is used up"
    return ""


def states_after(decisions: tuple[Decision, ...]) -> dict[str, RuleState]:
    """Return what is remembered after an evaluation; rules that are gone are forgotten."""
    return {
        decision.rule: RuleState(streak=decision.streak, firing_since=decision.firing_since)
        for decision in decisions
    }


def _decision(
    rule: Rule, holds: bool | None, findings: tuple[Finding, ...], before: RuleState, at: datetime
) -> Decision:
    change: Change | None = None
    since, streak = before.firing_since, before.streak
    state: State = "unknown"
    if holds:
        streak += 1
        if since is None and streak >= rule.consecutive:
            since, change = at, "fired"
        state = "pending" if since is None else "firing"
    elif holds is False:
        change = None if since is None else "resolved"
        since, streak, state = None, 0, "quiet"
    return Decision(
        rule=rule.name,
        severity=rule.severity,
        action=rule.action,
        state=state,
        streak=streak,
        firing_since=since,
        findings=findings,
        change=change,
    )


def _with_act(decision: Decision, act: str, held: str, version: str | None = None) -> Decision:
    return replace(decision, held=held) if held else replace(decision, act=act, version=version)


def _on_trial(facts: Facts) -> str:
    undecided = facts.challenge.get("decision") in ("wait", "promote")
    return "the challenger is on trial; its test has not given it up" if undecided else ""


def _why_not_promoted(facts: Facts, history: History) -> str:
    if facts.challenger is None:
        return "there is no challenger"
    if facts.challenger in history.asked:
        return "a rule promoted or asked to promote this version already"
    return ""


def _judged(decision: Decision, facts: Facts) -> Decision:
    """Judge the champion unfit while the rule fires, and fit again when it surely does not."""
    if decision.state == "firing" and not facts.unfit:
        return _with_act(decision, "fallback", "", facts.champion)
    if decision.state == "firing":
        return _with_act(decision, "fallback", "the champion is judged unfit already")
    if decision.state == "quiet" and facts.unfit:
        return _with_act(decision, "recover", "", facts.champion)
    return decision
