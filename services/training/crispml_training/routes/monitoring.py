"""Rules that are evaluated: on demand, and what they found and set off."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request
from starlette.responses import Response

from crispml_core.domain.alerts import Alert, AlertState, Delivery, DeliveryStatus, Evaluation
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.runs import DRY_RUN, MONITOR
from crispml_core.rest.access.caller import who_asks
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.pagination import Page, PageQuery, found_answer
from crispml_core.rest.preferences import IdempotencyHeader, Prefer
from crispml_core.rest.strict_route import StrictRoute
from crispml_training import requests
from crispml_training.parts import parts_of
from crispml_training.routes.methods import RUN_ANSWERS
from crispml_training.submit import submit


class EvaluationsQuery(PageQuery):
    """Which evaluations are wanted."""

    use_case: str | None = None
    """Only those of this use case."""


class AlertsQuery(EvaluationsQuery):
    """Which alerts are wanted."""

    state: AlertState | None = None
    """Only those in this state."""


class DeliveriesQuery(PageQuery):
    """Which messages are wanted."""

    status: DeliveryStatus | None = None
    """Only those with this status."""


def monitoring_router() -> APIRouter:
    """Return the routes of evaluations, alerts and messages."""
    router = APIRouter(prefix=API, tags=["monitoring"], route_class=StrictRoute)

    @router.post(
        "/use-cases/{use_case}/monitor",
        status_code=202,
        summary="Evaluate the rules",
        responses=RUN_ANSWERS,
    )
    async def monitor(
        request: Request,
        use_case: str,
        body: Annotated[
            requests.EvaluationRequest, Body(default_factory=requests.EvaluationRequest)
        ],
        promise: IdempotencyHeader,
        prefer: Prefer = None,
    ) -> Response:
        """Evaluate the rules of a use case, tell what changed, and set off what they say."""
        given = body.parameters()
        if body.at is not None:
            given["at"] = body.at.isoformat()
        return await submit(request, use_case, MONITOR, given, body.timeout_s, promise, prefer)

    @router.post(
        "/use-cases/{use_case}/monitor-dry-run",
        status_code=202,
        summary="Evaluate the rules at past moments",
        responses=RUN_ANSWERS,
    )
    async def monitor_dry_run(
        request: Request,
        use_case: str,
        body: requests.DryRunRequest,
        promise: IdempotencyHeader,
        prefer: Prefer = None,
    ) -> Response:
        """Say which rules would have fired when, and what they would have set off; do nothing."""
        given = body.parameters()
        return await submit(request, use_case, DRY_RUN, given, body.timeout_s, promise, prefer)

    @router.get("/evaluations", summary="List the evaluations", response_model=Page[Evaluation])
    def list_evaluations(request: Request, query: Annotated[EvaluationsQuery, Query()]) -> Response:
        """Return evaluations with their decisions, newest first."""
        found = parts_of(request).findings.evaluations(
            use_case=query.use_case, limit=query.limit + 1, before=query.before
        )
        return found_answer(request, found, lambda one: one.id, query)

    @router.get(
        "/evaluations/{evaluation_id}", summary="Read an evaluation", response_model=Evaluation
    )
    def get_evaluation(request: Request, evaluation_id: str) -> Response:
        """Return what was decided about every rule, with the numbers and the evidence."""
        return answer(parts_of(request).findings.evaluation(evaluation_id))

    @router.get("/alerts", summary="List the alerts", response_model=Page[Alert])
    def list_alerts(request: Request, query: Annotated[AlertsQuery, Query()]) -> Response:
        """Return alerts, newest first."""
        found = parts_of(request).findings.alerts(
            use_case=query.use_case,
            state=query.state,
            limit=query.limit + 1,
            before=query.before,
        )
        return found_answer(request, found, lambda one: one.id, query)

    @router.post(
        "/alerts/{alert_id}/acknowledge", summary="Acknowledge an alert", response_model=Alert
    )
    def acknowledge_alert(
        request: Request, alert_id: str, body: requests.AcknowledgeRequest
    ) -> Response:
        """Note who looks after an alert; the first one who says so stays."""
        by = who_asks(request, "by", body.by, needed=True)
        return answer(parts_of(request).findings.acknowledge(alert_id, by, utc_now()))

    @router.get(
        "/deliveries", summary="List the messages to the webhook", response_model=Page[Delivery]
    )
    def list_deliveries(request: Request, query: Annotated[DeliveriesQuery, Query()]) -> Response:
        """Return messages and what became of them, newest first."""
        found = parts_of(request).outbox.find(
            status=query.status, limit=query.limit + 1, before=query.before
        )
        return found_answer(request, found, lambda one: one.id, query)

    return router
