"""One evaluation: facts are read, decided upon, and everything decided is written down at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crispml_core.domain.alerts import (
    ActionStatus,
    Alert,
    AlertState,
    Delivery,
    Evaluation,
    TriggerAction,
)
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.reports import VerificationReport
from crispml_core.domain.runs import CYCLE, RunStatus
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.rules.decisions import (
    Decision,
    History,
    RuleState,
    decide,
    states_after,
)
from crispml_core.governance.rules.facts import Facts
from crispml_core.pipelines.monitoring.facts import facts_at
from crispml_core.pipelines.monitoring.messages import Messages
from crispml_core.pipelines.monitoring.requests import moment_of
from crispml_core.pipelines.monitoring.stores import MonitorStores
from crispml_core.ports.monitor_store import Outcome

# A retraining that was skipped took place neither in the cool-down nor in the budget.
_COUNTED = tuple(status for status in ActionStatus if status is not ActionStatus.SKIPPED)
# What was rejected is not asked for again; what could not be done may be.
_ASKED = tuple(status for status in _COUNTED if status is not ActionStatus.FAILED)


def evaluate(
    stores: MonitorStores, use_case: UseCase, messages: Messages, evaluation_id: str, at: datetime
) -> Evaluation:
    """Evaluate the rules as of a moment and store what came of it.

    Raises
    ------
    Conflict
        If another evaluation of the use case was stored meanwhile.
    """
    latest = stores.monitor.latest(use_case.name)
    history = _history(stores, use_case, latest)
    facts = facts_at(stores, use_case, at)
    decisions = decide(use_case, facts, history)
    evaluation = Evaluation(
        id=evaluation_id,
        use_case=use_case.name,
        sequence=latest.sequence + 1 if latest else 1,
        at=at,
        champion=facts.champion,
        decisions=[decision.to_dict() for decision in decisions],
        states={name: _kept(state) for name, state in states_after(decisions).items()},
        evidence=_keep_evidence(stores, use_case, evaluation_id, facts, decisions),
    )
    stores.monitor.commit(_outcome(evaluation, decisions, history, messages))
    return evaluation


def _history(stores: MonitorStores, use_case: UseCase, latest: Evaluation | None) -> History:
    of_it = stores.monitor.actions
    retrainings = of_it(use_case=use_case.name, kind="retrain", statuses=_COUNTED)
    promotions = of_it(use_case=use_case.name, kind="promote", statuses=_ASKED)
    live = [
        run
        for status in (RunStatus.QUEUED, RunStatus.RUNNING)
        for run in stores.runs.find(
            use_case=use_case.name, methods=(CYCLE,), status=status, limit=1
        )
    ]
    return History(
        states={} if latest is None else {n: _state(s) for n, s in latest.states.items()},
        retrained=tuple(action.created_at for action in retrainings),
        busy=f"the cycle {live[0].id} is not finished" if live else "",
        asked=frozenset(action.version for action in promotions if action.version is not None),
    )


def _keep_evidence(
    stores: MonitorStores,
    use_case: UseCase,
    evaluation_id: str,
    facts: Facts,
    decisions: tuple[Decision, ...],
) -> dict[str, str]:
    """Store the reports behind what fires now or sets something off; return their ids."""
    telling = {d.rule for d in decisions if d.change == "fired" or d.act is not None}
    windows = {rule.window_days for rule in use_case.monitoring.rules if rule.name in telling}
    kept = {}
    for days in sorted(windows & set(facts.reports)):
        report = VerificationReport(
            id=str(new_id()),
            use_case=use_case.name,
            created_at=facts.at,
            content=dict(facts.reports[days]),
        )
        key = f"monitor:{evaluation_id}:{days:g}"
        kept[f"report of {days:g} days"] = stores.reports.add(report, idempotency_key=key).id
    return kept


def _outcome(
    evaluation: Evaluation, decisions: tuple[Decision, ...], history: History, messages: Messages
) -> Outcome:
    """Return all that an evaluation writes; the alert of a rule that is gone ends."""
    told: list[Delivery] = []
    for decision in decisions:
        if decision.change is not None:
            kind = "firing" if decision.change == "fired" else "resolved"
            told += messages.alert(kind, decision, evaluation)
    gone = set(history.states) - {decision.rule for decision in decisions}
    return Outcome(
        evaluation=evaluation,
        fired=[_alert(d, evaluation) for d in decisions if d.change == "fired"],
        seen=[d.rule for d in decisions if d.state == "firing" and d.change is None],
        resolved=[*(d.rule for d in decisions if d.change == "resolved"), *sorted(gone)],
        actions=[_action(d, evaluation) for d in decisions if d.act is not None],
        deliveries=told,
    )


def _alert(decision: Decision, evaluation: Evaluation) -> Alert:
    return Alert(
        id=str(new_id()),
        use_case=evaluation.use_case,
        rule=decision.rule,
        severity=decision.severity,
        state=AlertState.FIRING,
        first_seen=evaluation.at,
        last_seen=evaluation.at,
        evaluation_id=evaluation.id,
        summary=decision.summary,
    )


def _action(decision: Decision, evaluation: Evaluation) -> TriggerAction:
    assert decision.act is not None
    return TriggerAction(
        id=str(new_id()),
        use_case=evaluation.use_case,
        rule=decision.rule,
        kind=decision.act,
        status=ActionStatus.PLANNED,
        evaluation_id=evaluation.id,
        created_at=evaluation.at,
        version=decision.version,
        reason=decision.summary,
        champion=evaluation.champion,
        evidence=dict(evaluation.evidence),
    )


def _kept(state: RuleState) -> dict[str, Any]:
    since = state.firing_since
    return {"streak": state.streak, "firing_since": since.isoformat() if since else None}


def _state(kept: Mapping[str, Any]) -> RuleState:
    since = moment_of("firing_since", kept["firing_since"])
    return RuleState(streak=kept["streak"], firing_since=since)
