"""Promotions that rules asked for, and what else they set off."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from crispml_core.domain.alerts import ActionStatus, TriggerAction
from crispml_core.rest.access.caller import principal_of, who_asks
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.pagination import Page, PageQuery, found_answer
from crispml_core.rest.strict_route import StrictRoute
from crispml_training import requests
from crispml_training.parts import parts_of


class ActionsQuery(PageQuery):
    """Which actions are wanted."""

    use_case: str | None = None
    """Only those of this use case."""

    status: ActionStatus | None = None
    """Only those that are so far; `awaiting` for requests that nobody answered yet."""


def approval_router() -> APIRouter:
    """Return the routes of actions, and of the promotions among them that wait for somebody."""
    router = APIRouter(prefix=API, tags=["monitoring"], route_class=StrictRoute)

    @router.get("/actions", summary="List what rules set off", response_model=Page[TriggerAction])
    def list_actions(request: Request, query: Annotated[ActionsQuery, Query()]) -> Response:
        """Return retrainings, promotions and verdicts that rules set off, newest first."""
        return _page(request, query, None)

    @router.get(
        "/approvals", summary="List the requests for approval", response_model=Page[TriggerAction]
    )
    def list_approval_requests(
        request: Request, query: Annotated[ActionsQuery, Query()]
    ) -> Response:
        """Return promotions that rules asked for or did, newest first."""
        return _page(request, query, "promote")

    @router.get(
        "/approvals/{approval_id}",
        summary="Read a request for approval",
        response_model=TriggerAction,
    )
    def get_approval_request(request: Request, approval_id: str) -> Response:
        """Return which version is to be champion, why, and on which evidence."""
        return answer(parts_of(request).monitor.approval(approval_id))

    @router.post(
        "/approvals/{approval_id}", summary="Approve or reject", response_model=TriggerAction
    )
    def answer_approval_request(
        request: Request, approval_id: str, body: requests.ApprovalRequest
    ) -> Response:
        """Answer a request once; an approval moves the alias, if the champion is still the same.

        Where versions need an approval, this is one, and whatever stands against it is refused.
        """
        parts, by = parts_of(request), who_asks(request, "by", body.by, needed=True)
        if body.decision == "approve":
            asked = parts.monitor.approval(approval_id)
            parts.approvals.ensure(
                asked.use_case, asked.version or "", principal_of(request), reason=body.reason
            )
        action = parts.monitor.answer(
            approval_id, approve=body.decision == "approve", by=by, why=body.reason
        )
        return answer(action)

    return router


def _page(request: Request, query: ActionsQuery, kind: str | None) -> Response:
    found = parts_of(request).findings.actions(
        use_case=query.use_case,
        kind=kind,
        statuses=None if query.status is None else (query.status,),
        limit=query.limit + 1,
        before=query.before,
    )
    return found_answer(request, found, lambda one: one.id, query)
