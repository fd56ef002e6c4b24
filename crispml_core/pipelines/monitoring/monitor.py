"""The door to the rules of a use case: check a request, execute an evaluation or a dry run.

Whatever happens to the process of an evaluation, what was written down is done by the next one:
every action and every message has an id of its own and is tried until it is settled. The id of an
evaluation is that of its run, so that a run that is taken up again goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from crispml_core.domain.alerts import ActionStatus, Evaluation, TriggerAction
from crispml_core.domain.errors import Conflict, NotFound
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.runs import DRY_RUN, MONITOR, Run
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.monitoring.actions import Actions
from crispml_core.pipelines.monitoring.dry_run import dry_run
from crispml_core.pipelines.monitoring.evaluation import evaluate
from crispml_core.pipelines.monitoring.messages import Messages
from crispml_core.pipelines.monitoring.requests import TOO_LATE, check_monitor_request, moment_of
from crispml_core.pipelines.monitoring.stores import MonitorStores
from crispml_core.ports.progress import RunProgress, no_run_progress


class Monitor:
    """Evaluates rules over the stores.

    Parameters
    ----------
    messages : Messages
        Tells the webhook; nobody is told unless it is given.
    timeout_s : float
        How long a retraining may take.
    """

    def __init__(
        self,
        use_cases: Mapping[str, UseCase],
        stores: MonitorStores,
        messages: Messages | None = None,
        *,
        timeout_s: float = 3600.0,
    ) -> None:
        self._use_cases, self._stores = use_cases, stores
        self._messages, self._timeout_s = messages or Messages(), timeout_s

    def check(self, use_case: str, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the complete parameters; see `check_monitor_request` for the errors."""
        found = self._use_case(use_case)
        return check_monitor_request(found, method, parameters, self._stores.monitor)

    def exclusive_key(self, use_case: str, method: str) -> str | None:
        """Return what only one live run may hold: there is one evaluation of a use case at once."""
        return f"{MONITOR}:{use_case}" if method == MONITOR else None

    def execute(self, run: Run, progress: RunProgress = no_run_progress) -> dict[str, Any]:
        """Execute a run and return its result.

        Raises
        ------
        Conflict
            If a later moment was evaluated meanwhile.
        """
        use_case = self._use_case(run.use_case)
        if run.method == DRY_RUN:
            return dry_run(self._stores, use_case, run.parameters, progress)
        actions = Actions(self._stores, use_case, self._messages, self._timeout_s)
        # First what others left: it counts for what may happen now.
        actions.carry_out()
        actions.follow_up()
        evaluation, replayed = self._evaluated(
            use_case, run.id, moment_of("at", run.parameters["at"])
        )
        actions.carry_out()
        found = self._stores.monitor.actions(use_case=use_case.name)
        return {
            "evaluation_id": evaluation.id,
            "at": evaluation.at.isoformat(),
            "champion": evaluation.champion,
            "replayed": replayed,
            "firing": evaluation.firing,
            "decisions": evaluation.decisions,
            "evidence": evaluation.evidence,
            "actions": [asdict(one) for one in found if one.evaluation_id == evaluation.id],
        }

    def answer(self, action_id: str, *, approve: bool, by: str, why: str) -> TriggerAction:
        """Approve or reject a promotion that a rule asked for.

        An approval that was noted and not carried out, because the process died, may be repeated.

        Raises
        ------
        NotFound
            If there is no such request.
        Conflict
            If it was answered already, or if the promotion is not possible any more; the text says
            why.
        """
        store, action = self._stores.monitor, self.approval(action_id)
        use_case = self._use_case(action.use_case)
        answered = replace(
            action,
            status=ActionStatus.APPROVED if approve else ActionStatus.REJECTED,
            decided_at=utc_now(),
            decided_by=by,
            decided_why=why,
        )
        told = [] if approve else self._messages.action("promotion.rejected", answered)
        noted = store.settle(answered, ActionStatus.AWAITING, told)
        now = store.action(action_id)
        if not noted and not (approve and now.status is ActionStatus.APPROVED):
            raise Conflict(f"the request was answered before: it is {now.status}")
        if approve:
            Actions(self._stores, use_case, self._messages, self._timeout_s).do(now)
            now = store.action(action_id)
            if now.status is not ActionStatus.SUCCEEDED:
                raise Conflict(f"approved, but not possible any more: {now.detail}")
        return now

    def approval(self, action_id: str) -> TriggerAction:
        """Return a request for approval, answered or not, or raise `NotFound`."""
        try:
            action = self._stores.monitor.action(action_id)
        except NotFound:
            raise NotFound("approval") from None
        if action.kind != "promote":
            raise NotFound("approval")
        return action

    def _evaluated(
        self, use_case: UseCase, run_id: str, at: datetime | None
    ) -> tuple[Evaluation, bool]:
        """Return the evaluation of a run or of a moment, and whether another run made it."""
        store = self._stores.monitor
        try:
            return store.evaluation(run_id), False
        except NotFound:
            pass
        if at is not None and (earlier := store.evaluated_at(use_case.name, at)) is not None:
            return earlier, True
        at, latest = at or utc_now(), store.latest(use_case.name)
        if latest is not None and at <= latest.at:
            raise Conflict(TOO_LATE)
        return evaluate(self._stores, use_case, self._messages, run_id, at), False

    def _use_case(self, name: str) -> UseCase:
        if name not in self._use_cases:
            raise NotFound("use case", self._use_cases)
        return self._use_cases[name]
