"""A route that looks who asks before it reads anything of a request."""

from __future__ import annotations

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from crispml_core.domain.access import NOBODY, Principal
from crispml_core.domain.errors import Forbidden, Unauthenticated
from crispml_core.rest.access.gate import Gate, credential_of
from crispml_core.rest.access.operations import OPERATIONS


class GuardedRoute(APIRoute):
    """A route of the API; what it asks of its caller is in `operations`, under its name."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse who may not ask; the others find their `Principal` in the state of the request."""
        if scope["method"] in (self.methods or ()):
            scope.setdefault("state", {})["principal"] = await _admitted(self.name, scope)
        await super().handle(scope, receive, send)


def principal_of(request: Request) -> Principal:
    """Return who asks."""
    found: Principal = request.scope["state"]["principal"]
    return found


async def _admitted(name: str, scope: Scope) -> Principal:
    operation = OPERATIONS.get(name)
    if operation is None:
        raise Forbidden("nobody may ask for this")
    if operation.permission is None and not operation.known:
        return NOBODY
    gate: Gate = scope["app"].state.gate
    headers = Headers(scope=scope)
    header = headers.get("authorization")
    credential = (
        headers.get("x-api-key")
        if header is None
        else credential_of(header.encode("latin-1")) or ""
    )
    principal = gate.remembered(credential)
    if principal is None:
        principal = await run_in_threadpool(gate.principal, credential)
    if operation.permission is None:
        if principal is NOBODY:
            raise Unauthenticated("this needs a credential")
        return principal
    gate.check(principal, operation.permission, _use_case(scope))
    return principal


def _use_case(scope: Scope) -> str | None:
    """Return what use case an address is about: a model has the name of its use case."""
    path = scope.get("path_params", {})
    query = Request(scope).query_params
    for names in (path, query):
        found = names.get("use_case") or names.get("model")
        if found is not None:
            return str(found)
    return None
