"""A route that looks who asks before it reads anything of a request."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from crispml_core.domain.access import NOBODY, Principal
from crispml_core.domain.errors import Forbidden, Unauthenticated
from crispml_core.pipelines.audit.recorder import AuditRecorder
from crispml_core.rest.access.auditing import audited, event_of
from crispml_core.rest.access.gate import Gate, credential_of
from crispml_core.rest.access.operations import OPERATIONS, Operation
from crispml_core.rest.errors import status_of


class GuardedRoute(APIRoute):
    """A route of the API; what it asks of its caller is in `operations`, under its name.

    What changes something or shows personal data leaves its entries in the audit log.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse who may not ask; the others find their `Principal` in the state of the request."""
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        operation = OPERATIONS.get(self.name)
        if operation is None:
            raise Forbidden("nobody may ask for this")
        principal = await _admitted(self.name, operation, scope)
        scope.setdefault("state", {})["principal"] = principal
        with _in_work(scope, principal):
            if operation.audit is None:
                await super().handle(scope, receive, send)
                return
            event = event_of(self.name, principal, scope, _use_case(scope))
            handle = partial(super().handle, scope, receive)
            await audited(_recorder_of(scope), operation.audit, event, send, handle)


def _in_work(scope: Scope, principal: Principal) -> AbstractContextManager[None]:
    if principal is NOBODY:
        return nullcontext()  # probes: they are told apart by nothing, and must not wait
    gate: Gate = scope["app"].state.gate
    return gate.concurrency.of(principal).taken()


def principal_of(request: Request) -> Principal:
    """Return who asks."""
    found: Principal = request.scope["state"]["principal"]
    return found


async def _admitted(name: str, operation: Operation, scope: Scope) -> Principal:
    if operation.permission is None and not operation.known:
        return NOBODY
    principal = NOBODY
    try:
        principal = await _principal(scope)
        _check(operation, principal, scope)
    except (Unauthenticated, Forbidden) as error:
        if operation.audit is not None:
            event = event_of(name, principal, scope, _use_case(scope))
            _recorder_of(scope).refused(replace(event, outcome=str(status_of(error))))
        raise
    return principal


async def _principal(scope: Scope) -> Principal:
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
    return principal


def _check(operation: Operation, principal: Principal, scope: Scope) -> None:
    if operation.permission is not None:
        gate: Gate = scope["app"].state.gate
        gate.check(principal, operation.permission, _use_case(scope))
    elif principal is NOBODY:
        raise Unauthenticated("this needs a credential")


def _recorder_of(scope: Scope) -> AuditRecorder:
    recorder: AuditRecorder = scope["app"].state.parts.audit
    return recorder


def _use_case(scope: Scope) -> str | None:
    """Return what use case an address is about: a model has the name of its use case."""
    path = scope.get("path_params", {})
    query = Request(scope).query_params
    for names in (path, query):
        found = names.get("use_case") or names.get("model")
        if found is not None:
            return str(found)
    return None
