"""Who asks, as routes keep it with what they store."""

from __future__ import annotations

from fastapi import Request

from crispml_core.domain.access import EVERYBODY, Principal
from crispml_core.domain.errors import InvalidInput
from crispml_core.governance.access import Permission, use_cases_of
from crispml_core.rest.access.gate import Gate


def principal_of(request: Request) -> Principal:
    """Return who asks."""
    found: Principal = request.scope["state"]["principal"]
    return found


def visible_to(request: Request, permission: Permission) -> frozenset[str] | None:
    """Return the use cases that whoever asks has a permission for; None for all of them."""
    gate: Gate = request.app.state.gate
    return use_cases_of(principal_of(request), permission, gate.environment)


def who_asks(request: Request, field: str = "", said: str = "", *, needed: bool = False) -> str:
    """Return the name that is kept with what a request changes.

    It is that of the principal. Where authentication is off it is whatever the caller said.

    Parameters
    ----------
    field, said : str
        What the request calls the name, and the name in it.
    needed : bool
        Whether the name must not be empty.

    Raises
    ------
    InvalidInput
        If the caller is known and said another name, or is not known and said none.
    """
    principal = principal_of(request)
    if principal == EVERYBODY:
        if needed and not said:
            raise InvalidInput(f"{field}: say who it is; authentication is off")
        return said
    if said not in ("", principal.name):
        raise InvalidInput(f"{field}: leave it out; it is whoever the credential belongs to")
    return principal.name
