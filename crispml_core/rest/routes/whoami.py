"""Who asks, as the service sees them."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from crispml_core.domain.access import Caller
from crispml_core.governance.access import permissions_of
from crispml_core.rest.access.caller import principal_of
from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API


def whoami_router() -> APIRouter:
    """Return the route that tells callers who they are."""
    router = APIRouter(prefix=API, tags=["access"], route_class=GuardedRoute)

    @router.get("/whoami", summary="Who am I?", response_model=Caller)
    def whoami(request: Request) -> Response:
        """Return the name and the grants of the credential that came with the request.

        `permissions` says what the grants come to in this environment: for each permission the use
        cases, `*` for all of them.

        Where authentication is off everybody is `anonymous`, and an admin.
        """
        principal = principal_of(request)
        environment = request.app.state.gate.environment
        return answer(
            Caller(
                name=principal.name,
                grants=tuple(str(grant) for grant in principal.grants),
                key_id=principal.key_id,
                environment=environment,
                permissions=permissions_of(principal, environment),
            )
        )

    return router
