"""Whether a request is let in: who asks, whether they may, and for what is theirs."""

from __future__ import annotations

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import Scope

from crispml_core.domain.access import NOBODY, Principal
from crispml_core.domain.errors import Forbidden, NotFound, Unauthenticated
from crispml_core.governance.access import Permission, use_cases_of
from crispml_core.rest.access.gate import HOW, Gate, credential_of
from crispml_core.rest.access.operations import Operation
from crispml_core.rest.access.owners import FILTERED, LISTS, Owner, named_use_case


async def caller(scope: Scope) -> Principal:
    """Return who asks.

    Raises
    ------
    Unauthenticated
        If there is a credential, and it opens nothing, or a header has two: what stands in front
        of the service may have looked at the other one.
    """
    gate: Gate = scope["app"].state.gate
    headers = Headers(scope=scope)
    if any(len(headers.getlist(name)) > 1 for name in ("authorization", "x-api-key")):
        raise Unauthenticated(f"there are two credentials, and one is needed: {HOW}")
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


async def check(name: str, operation: Operation, principal: Principal, scope: Scope) -> None:
    """Raise unless somebody may ask for this.

    Raises
    ------
    Unauthenticated
        If nobody is known.
    Forbidden
        If they lack the permission.
    NotFound
        If it is about a thing of a use case that they may not see, or there is no such thing.
    """
    gate: Gate = scope["app"].state.gate
    if operation.permission is None:
        if principal is NOBODY:
            raise Unauthenticated(f"this needs a credential: {HOW}")
    elif not gate.lets(principal, operation.permission, None):
        await _check_scoped(gate, name, principal, operation.permission, Request(scope))


async def _check_scoped(
    gate: Gate, name: str, principal: Principal, permission: Permission, request: Request
) -> None:
    """Look whether grants for some use cases are enough."""
    use_case = named_use_case(name, request)
    own = use_cases_of(principal, permission, gate.environment)
    if use_case is not None or not own:
        gate.check(principal, permission, use_case)
        return
    if name in FILTERED:
        return
    owner: Owner | None = request.app.state.owners.get(name)
    if owner is None:
        if name in LISTS:
            raise Forbidden(
                "your roles are for some use cases only: name one of them in the query, "
                "`?use_case=NAME`"
            )
        gate.check(principal, permission, None)
        return
    try:
        found = await run_in_threadpool(owner.find, request)
    except NotFound:
        found = {""}
    # Whoever may not see a thing must not learn that it is there.
    if not found <= own:
        raise NotFound(owner.kind)
