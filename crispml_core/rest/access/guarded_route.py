"""A route that looks who asks before it reads anything of a request."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from crispml_core.domain.access import NOBODY, Principal
from crispml_core.domain.errors import Forbidden, NotFound, Unauthenticated
from crispml_core.pipelines.audit.recorder import AuditRecorder
from crispml_core.rest.access.admission import caller, check
from crispml_core.rest.access.auditing import audited, event_of
from crispml_core.rest.access.gate import Gate
from crispml_core.rest.access.operations import Operation
from crispml_core.rest.access.owners import named_use_case
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
        operations: Mapping[str, Operation] = scope["app"].state.operations
        operation = operations.get(self.name)
        if operation is None:
            raise Forbidden("nobody may ask for this")
        principal = await _admitted(self.name, operation, scope)
        scope.setdefault("state", {})["principal"] = principal
        with _in_work(scope, principal):
            if operation.audit is None:
                await super().handle(scope, receive, send)
                return
            event = event_of(self.name, principal, scope, named_use_case(self.name, Request(scope)))
            handle = partial(super().handle, scope, receive)
            await audited(_recorder_of(scope), operation.audit, event, send, handle)


def _in_work(scope: Scope, principal: Principal) -> AbstractContextManager[None]:
    if principal is NOBODY:
        return nullcontext()  # probes: they are told apart by nothing, and must not wait
    gate: Gate = scope["app"].state.gate
    return gate.concurrency.of(principal).taken()


async def _admitted(name: str, operation: Operation, scope: Scope) -> Principal:
    if operation.permission is None and not operation.known:
        return NOBODY
    principal = NOBODY
    try:
        principal = await caller(scope)
        await check(name, operation, principal, scope)
    except (Unauthenticated, Forbidden, NotFound) as error:
        if operation.audit is not None:
            event = event_of(name, principal, scope, named_use_case(name, Request(scope)))
            _recorder_of(scope).refused(replace(event, outcome=str(status_of(error))))
        raise
    return principal


def _recorder_of(scope: Scope) -> AuditRecorder:
    recorder: AuditRecorder = scope["app"].state.parts.audit
    return recorder
