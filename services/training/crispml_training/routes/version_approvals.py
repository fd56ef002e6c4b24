"""Approving versions, and letting one answer without."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from crispml_core.domain.approval import VersionApproval, VersionDecision
from crispml_core.domain.models import ANY_VERSION, AliasEvent
from crispml_core.rest.access.caller import principal_of
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.routes.models import alias_answer
from crispml_core.rest.strict_route import StrictRoute
from crispml_training import requests
from crispml_training.parts import parts_of
from crispml_training.routes.aliases import IfMatch, expected_version


def version_approval_router() -> APIRouter:
    """Return the routes of approvals of versions."""
    router = APIRouter(prefix=f"{API}/models", tags=["approval"], route_class=StrictRoute)

    @router.get(
        "/{model}/versions/{version}/approval",
        summary="May this version answer?",
        response_model=VersionApproval,
    )
    def get_version_approval(request: Request, model: str, version: str) -> Response:
        """Return the checklist of a version, what was decided, and whether an approval holds."""
        approvals = parts_of(request).approvals
        return answer(approvals.read(model, version, principal_of(request)))

    @router.post(
        "/{model}/versions/{version}/approval",
        status_code=201,
        summary="Approve or refuse a version",
        response_model=VersionDecision,
    )
    def decide_version(
        request: Request, model: str, version: str, body: requests.DecisionRequest
    ) -> Response:
        """Keep a decision, bound to the bytes of the version and of its report.

        Who trained the version cannot approve it.
        """
        decided = parts_of(request).approvals.decide(
            model,
            version,
            principal_of(request),
            approve=body.decision == "approve",
            reason=body.reason,
            accept=body.accept,
        )
        return answer(decided, 201)

    @router.post(
        "/{model}/aliases/{alias}/break-glass",
        summary="Let a version answer without an approval",
        response_model=AliasEvent,
    )
    def break_glass(
        request: Request,
        model: str,
        alias: str,
        body: requests.BreakGlassRequest,
        if_match: IfMatch = None,
    ) -> Response:
        """Move an alias in an emergency; it is written down and told before anything moves.

        It stands for the second pair of eyes only. Until somebody approves the version or the alias
        moves on, the readiness, a metric and the model card say that nobody did.
        """
        moved = parts_of(request).approvals.break_glass(
            model,
            alias,
            body.version,
            principal_of(request),
            reason=body.reason,
            expected=ANY_VERSION if if_match is None else expected_version(if_match, None),
        )
        return alias_answer(moved)

    return router
