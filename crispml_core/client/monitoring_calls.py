"""The calls about rules: evaluations, alerts, and messages to the webhook."""

from __future__ import annotations

from datetime import datetime

from crispml_core.client.access_calls import WhoCalls
from crispml_core.client.http import API, below
from crispml_core.client.pages import Listing
from crispml_core.domain.alerts import (
    ActionStatus,
    Alert,
    AlertState,
    Delivery,
    DeliveryStatus,
    Evaluation,
    TriggerAction,
)
from crispml_core.domain.runs import DRY_RUN, MONITOR, Run


class MonitoringCalls(WhoCalls):
    """Rules over released models."""

    def monitor(
        self, use_case: str, *, at: datetime | None = None, idempotency_key: str | None = None
    ) -> Run:
        """Queue an evaluation of the rules of a use case; `wait` gives the finished one.

        Parameters
        ----------
        at : datetime, optional
            As of which moment; now when it is left out. A moment that was evaluated before is
            answered as it was then.
        """
        response = self.connection.request(
            "POST",
            API + "/use-cases" + below(use_case, MONITOR),
            body={} if at is None else {"at": at.isoformat()},
            idempotency_key=idempotency_key,
        )
        return self.connection.decode(response, Run)

    def monitor_dry_run(
        self,
        use_case: str,
        start: datetime,
        end: datetime,
        *,
        step_days: float = 7.0,
        idempotency_key: str | None = None,
    ) -> Run:
        """Queue an evaluation of past moments that stores nothing and sets nothing off."""
        response = self.connection.request(
            "POST",
            API + "/use-cases" + below(use_case, DRY_RUN),
            body={"from": start.isoformat(), "to": end.isoformat(), "step_days": step_days},
            idempotency_key=idempotency_key,
        )
        return self.connection.decode(response, Run)

    def evaluations(
        self, *, use_case: str | None = None, limit: int | None = None
    ) -> Listing[Evaluation]:
        """Yield evaluations, newest first."""
        return self._items("/evaluations", Evaluation, {"use_case": use_case}, limit=limit)

    def evaluation(self, evaluation_id: str) -> Evaluation:
        """Return an evaluation with all of its decisions."""
        return self.connection.get("/evaluations" + below(evaluation_id), Evaluation)

    def alerts(
        self,
        *,
        use_case: str | None = None,
        state: AlertState | None = None,
        limit: int | None = None,
    ) -> Listing[Alert]:
        """Yield alerts, newest first."""
        params = {"use_case": use_case, "state": state and state.value}
        return self._items("/alerts", Alert, params, limit=limit)

    def acknowledge(self, alert_id: str, by: str = "") -> Alert:
        """Note who looks after an alert; the first one stays.

        `by` is for services without authentication: the others know who asks.
        """
        response = self.connection.request(
            "POST", API + "/alerts" + below(alert_id, "acknowledge"), body={"by": by}
        )
        return self.connection.decode(response, Alert)

    def deliveries(
        self, *, status: DeliveryStatus | None = None, limit: int | None = None
    ) -> Listing[Delivery]:
        """Yield messages to the webhook, newest first."""
        params = {"status": status and status.value}
        return self._items("/deliveries", Delivery, params, limit=limit)

    def actions(
        self,
        *,
        use_case: str | None = None,
        status: ActionStatus | None = None,
        limit: int | None = None,
    ) -> Listing[TriggerAction]:
        """Yield what rules set off besides alerts, newest first."""
        params = {"use_case": use_case, "status": status and status.value}
        return self._items("/actions", TriggerAction, params, limit=limit)

    def approval_requests(
        self,
        *,
        use_case: str | None = None,
        status: ActionStatus | None = None,
        limit: int | None = None,
    ) -> Listing[TriggerAction]:
        """Yield promotions that rules asked for or did, newest first."""
        params = {"use_case": use_case, "status": status and status.value}
        return self._items("/approvals", TriggerAction, params, limit=limit)

    def answer_approval(
        self, approval_id: str, *, approve: bool, by: str = "", reason: str = ""
    ) -> TriggerAction:
        """Approve or reject a promotion; an approval moves the alias ``champion``.

        Raises
        ------
        RequestRefused
            With status 409, if it was answered before or is not possible any more.
        """
        response = self.connection.request(
            "POST",
            API + "/approvals" + below(approval_id),
            body={"decision": "approve" if approve else "reject", "by": by, "reason": reason},
        )
        return self.connection.decode(response, TriggerAction)
