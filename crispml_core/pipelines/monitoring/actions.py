"""Does what rules decided, exactly once however often it is tried."""

from __future__ import annotations

from dataclasses import replace

from crispml_core.domain.alerts import ActionStatus, TriggerAction
from crispml_core.domain.audit import AuditEvent
from crispml_core.domain.errors import Conflict, CrispMLError, NotFound, StoreUnavailable
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.runs import CYCLE, Run, RunStatus
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.health import judge_version
from crispml_core.pipelines.monitoring.messages import Messages
from crispml_core.pipelines.monitoring.promotion import promoted
from crispml_core.pipelines.monitoring.stores import MonitorStores
from crispml_core.pipelines.standing import approval_of

# Longest of what one look takes up; there is one live retraining of a use case.
_MANY = 100


class Actions:
    """The actions of one use case.

    Parameters
    ----------
    timeout_s : float
        How long a retraining may take.
    """

    def __init__(
        self, stores: MonitorStores, use_case: UseCase, messages: Messages, timeout_s: float
    ) -> None:
        self._stores, self._use_case, self._messages = stores, use_case, messages
        self._timeout_s = timeout_s

    def carry_out(self) -> None:
        """Do what is planned or approved, also what a process that is gone had planned."""
        for action in self._with(ActionStatus.PLANNED, ActionStatus.APPROVED):
            self.do(action)

    def do(self, action: TriggerAction) -> None:
        """Do one action, and note what came of it; the audit log has it before and after."""
        if action.kind == "promote" and not self._may_promote(action):
            waits = replace(action, status=ActionStatus.AWAITING)
            self._settle("promotion.requested", waits, action)
            return
        with self._stores.deeds(_event(action)) as told:
            if action.kind == "retrain":
                done, kind = self._retrained(action), "retraining"
            elif action.kind == "promote":
                done, kind = promoted(self._stores.training, self._use_case, action), "promotion"
            else:
                done, kind = self._judged(action), "champion"
            told |= {"status": done.status.value, "run": done.run_id}
            what = action.kind if kind == "champion" else done.status
            self._settle(f"{kind}.{what}", done, action)

    def _may_promote(self, action: TriggerAction) -> bool:
        return self._is_free(action) or action.status is ActionStatus.APPROVED

    def _is_free(self, action: TriggerAction) -> bool:
        """Whether a promotion needs no answer: the use case says so, and the environment too."""
        training = self._stores.training
        if self._use_case.monitoring.promotion != "automatic":
            return False
        version = action.version or ""
        return (
            not training.rules.asks_approval
            or approval_of(training, self._use_case.name, version) is not None
        )

    def follow_up(self) -> None:
        """Note how retrainings ended."""
        for action in self._with(ActionStatus.SUBMITTED):
            ended = self._ended(action)
            if ended is not None:
                self._settle("retraining.ended", ended, action)

    def _settle(self, kind: str, done: TriggerAction, before: TriggerAction) -> None:
        told = self._messages.action(kind, done)
        self._stores.monitor.settle(done, before.status, told)

    def _judged(self, action: TriggerAction) -> TriggerAction:
        """Judge the champion unfit, or fit again; the verdict has the id of the action."""
        try:
            verdict = judge_version(
                self._stores.training,
                self._use_case,
                action.version or "",
                healthy=action.kind == "recover",
                reason=f"rule {action.rule}: {action.reason}",
                evidence=next(iter(action.evidence.values()), ""),
                judged_by="monitor",
                idempotency_key=_key_of(action),
            )
        except StoreUnavailable:
            raise
        except CrispMLError as error:
            return replace(action, status=ActionStatus.FAILED, detail=error.message)
        said = "may answer" if verdict.fit else "is answered for by the fallback"
        return replace(action, status=ActionStatus.SUCCEEDED, detail=f"the champion {said}")

    def _retrained(self, action: TriggerAction) -> TriggerAction:
        """Queue the cycle of a planned retraining; its key makes a second attempt find the first.

        A store that is away leaves the action planned, for the next evaluation.
        """
        name, policy = self._use_case.name, self._use_case.monitoring.retraining
        given = {
            "challenge": True,
            "algorithms": list(policy.algorithms) or None,
            "description": f"retraining that the rule {action.rule} set off",
        }
        try:
            run = Run(
                id=str(new_id()),
                use_case=name,
                method=CYCLE,
                status=RunStatus.QUEUED,
                parameters=self._stores.check_cycle(name, CYCLE, given),
                created_at=utc_now(),
                timeout_s=self._timeout_s,
                requested_by=f"rule:{action.rule}",
            )
            queued = self._stores.runs.enqueue(
                run, exclusive_key=f"{CYCLE}:{name}", idempotency_key=_key_of(action)
            )
        except StoreUnavailable:
            raise
        except Conflict:
            return replace(
                action,
                status=ActionStatus.SKIPPED,
                detail="a cycle of this use case was live already; the rule may ask again",
            )
        except CrispMLError as error:
            return replace(action, status=ActionStatus.FAILED, detail=error.message)
        return replace(action, status=ActionStatus.SUBMITTED, run_id=queued.id)

    def _ended(self, action: TriggerAction) -> TriggerAction | None:
        """Return what came of a retraining, or None while it is on its way."""
        try:
            run = self._stores.runs.get(action.run_id or "")
        except NotFound:
            return replace(action, status=ActionStatus.FAILED, detail="its run is gone")
        if not run.status.is_final:
            return None
        if run.status is not RunStatus.SUCCEEDED:
            code = run.error.code if run.error else str(run.status)
            return replace(action, status=ActionStatus.FAILED, detail=f"the run ended with {code}")
        challenges = run.result.get("challenger") is True
        return replace(
            action,
            status=ActionStatus.SUCCEEDED,
            version=run.result.get("best"),
            detail="the version is challenger now"
            if challenges
            else "the version does not pass the gates; the challenger stays as it is",
        )

    def _with(self, *statuses: ActionStatus) -> list[TriggerAction]:
        return self._stores.monitor.actions(
            use_case=self._use_case.name, statuses=statuses, limit=_MANY
        )


def _event(action: TriggerAction) -> AuditEvent:
    return AuditEvent(
        actor=f"rule:{action.rule}",
        action=action.kind,
        resource=f"action={action.id} version={action.version or '-'}",
        use_case=action.use_case,
        detail={"evaluation": action.evaluation_id, "decided_by": action.decided_by},
    )


def _key_of(action: TriggerAction) -> str:
    # With a space, which no key of a caller may have: nobody can take it before.
    return f"trigger {action.id}"
