"""A route that looks who asks before it reads anything of a request."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cached_property, partial

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from crispml_core.domain.access import NOBODY, Principal
from crispml_core.domain.audit import AuditEvent
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
        principal = await self._admitted(operation, scope)
        scope.setdefault("state", {})["principal"] = principal
        with _in_work(scope, principal):
            if operation.audit is None:
                await super().handle(scope, receive, send)
                return
            event = self._event_of(principal, scope)
            handle = partial(super().handle, scope, receive)
            await audited(_recorder_of(scope), operation.audit, event, send, handle)

    async def _admitted(self, operation: Operation, scope: Scope) -> Principal:
        if operation.permission is None and not operation.known:
            return NOBODY
        principal = NOBODY
        try:
            principal = await caller(scope)
            await check(self.name, operation, principal, scope)
        except (Unauthenticated, Forbidden, NotFound) as error:
            if operation.audit is not None:
                event = self._event_of(principal, scope)
                _recorder_of(scope).refused(replace(event, outcome=str(status_of(error))))
            raise
        return principal

    def _event_of(self, principal: Principal, scope: Scope) -> AuditEvent:
        use_case = named_use_case(self.name, Request(scope))
        return event_of(self.name, principal, scope, use_case, self._query_names)

    @cached_property
    def _query_names(self) -> frozenset[str]:
        """The names that a query may have here, and those of path and headers."""
        return frozenset(field.alias for field in get_flat_params(self.dependant))


def _in_work(scope: Scope, principal: Principal) -> AbstractContextManager[None]:
    if principal is NOBODY:
        return nullcontext()  # probes: they are told apart by nothing, and must not wait
    gate: Gate = scope["app"].state.gate
    return gate.concurrency.of(principal).taken()


def _recorder_of(scope: Scope) -> AuditRecorder:
    recorder: AuditRecorder = scope["app"].state.parts.audit
    return recorder
