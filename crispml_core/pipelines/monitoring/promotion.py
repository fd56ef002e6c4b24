"""Lets the challenger of a rule be champion, at once or after somebody approved it."""

from __future__ import annotations

from dataclasses import replace

from crispml_core.domain.alerts import ActionStatus, TriggerAction
from crispml_core.domain.errors import CrispMLError, NotFound, PreconditionFailed, StoreUnavailable
from crispml_core.domain.models import CHALLENGER, CHAMPION
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.gates import all_passed, check_gates
from crispml_core.pipelines.promotion import move_alias, remove_alias
from crispml_core.pipelines.stores import TrainingStores

MOVED_BY = "monitor"


def promoted(stores: TrainingStores, use_case: UseCase, action: TriggerAction) -> TriggerAction:
    """Move the alias, and return what came of it; a second attempt finds the first one's move.

    The champion is replaced only if it is the one that the challenger was compared with, and only
    by a version that keeps the gates of today on ``test``. The history of the alias names the rule,
    the evaluation and the reports.
    """
    name, version = use_case.name, action.version or ""
    evidence = "".join(f"; {what} {found}" for what, found in action.evidence.items())
    why = f"; {action.decided_why}" if action.decided_why else ""
    try:
        now = stores.aliases.current(name, CHAMPION)
        if now is None or now.version != version:
            gates = check_gates(use_case.gates, stores.models.get(name, version).kpis["test"])
            if not all_passed(gates):
                missed = ", ".join(gate.kpi for gate in gates if not gate.passed)
                return _done(action, ActionStatus.FAILED, f"it does not keep the gates: {missed}")
            move_alias(
                stores,
                name,
                CHAMPION,
                version,
                expected=action.champion,
                moved_by=action.decided_by or MOVED_BY,
                reason=f"rule {action.rule}: {action.reason}; evaluation {action.evaluation_id}"
                f"{evidence}{why}",
                use_case=use_case,
            )
        _leave_challenger(stores, name, version, action)
        stores.project_aliases(name)
    except StoreUnavailable:
        raise
    except PreconditionFailed:
        return _done(action, ActionStatus.SKIPPED, "the champion is another one by now")
    except CrispMLError as error:
        return _done(action, ActionStatus.FAILED, error.message)
    return _done(action, ActionStatus.SUCCEEDED, "the version is champion now")


def _leave_challenger(
    stores: TrainingStores, model: str, version: str, action: TriggerAction
) -> None:
    """Remove the alias of a challenger that has won: it would challenge itself."""
    now = stores.aliases.current(model, CHALLENGER)
    if now is None or now.version != version:
        return
    try:
        remove_alias(
            stores,
            model,
            CHALLENGER,
            expected=version,
            moved_by=action.decided_by or MOVED_BY,
            reason="it is champion now",
        )
    except (NotFound, PreconditionFailed):
        return  # somebody moved it meanwhile


def _done(action: TriggerAction, status: ActionStatus, detail: str) -> TriggerAction:
    return replace(action, status=status, detail=detail)
