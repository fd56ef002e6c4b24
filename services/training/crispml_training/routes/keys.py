"""API keys: made, listed and revoked by admins, each within what they administrate."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from crispml_core.domain.access import (
    SETTINGS_KEY,
    ApiKey,
    KeyView,
    NewKey,
    Principal,
    parse_grants,
)
from crispml_core.domain.api_keys import digest_of, new_key
from crispml_core.domain.errors import Forbidden, InvalidInput, NotFound
from crispml_core.domain.identifiers import utc_now
from crispml_core.governance.access import may_grant
from crispml_core.rest.access.caller import principal_of
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.pagination import Page, PageQuery, whole_answer
from crispml_core.rest.strict_route import StrictRoute
from crispml_training.parts import parts_of
from crispml_training.requests import KeyRequest

_SECRET = {"Cache-Control": "no-store"}


def key_router() -> APIRouter:
    """Return the routes of API keys."""
    router = APIRouter(prefix=f"{API}/api-keys", tags=["access"], route_class=StrictRoute)

    @router.post(
        "",
        status_code=201,
        summary="Make an API key",
        responses={201: {"model": NewKey, "description": "The key; it is never shown again."}},
    )
    def new_api_key(request: Request, body: KeyRequest) -> Response:
        """Make a key and show it once; what is stored of it opens nothing.

        Nobody may grant more than they administrate.
        """
        principal, now = principal_of(request), utc_now()
        grants = parse_grants(body.grants)
        for position, grant in enumerate(grants, start=1):
            if not may_grant(principal, grant):
                raise Forbidden(f"grant {position}: only an admin of what it covers may give it")
        if body.name == SETTINGS_KEY:
            raise InvalidInput("name: the key of the settings has it; choose another")
        if body.expires_at is not None and body.expires_at <= now:
            raise InvalidInput("expires_at: must lie in the future")
        key_id, secret = new_key()
        key = ApiKey(
            key_id=key_id,
            digest=digest_of(secret),
            name=body.name,
            grants=grants,
            created_at=now,
            created_by=principal.name,
            expires_at=body.expires_at,
        )
        parts_of(request).keys.add(key)
        request.app.state.key_ring.look()
        return answer(NewKey(key=secret, facts=KeyView.of(key)), 201, _SECRET)

    @router.get("", summary="List the API keys", response_model=Page[KeyView])
    def list_api_keys(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
        """Return the keys that the caller administrates, newest first, the revoked ones too."""
        principal = principal_of(request)
        keys = [key for key in parts_of(request).keys.list() if _is_theirs(principal, key)]
        return whole_answer(request, keys[::-1], lambda key: key.key_id, query, KeyView.of)

    @router.delete("/{key_id}", summary="Revoke an API key", response_model=KeyView)
    def revoke_api_key(request: Request, key_id: str) -> Response:
        """Revoke a key: it opens nothing any more, and within a second in no other process either.

        One that is revoked already stays as it is.
        """
        principal, keys = principal_of(request), parts_of(request).keys
        if not any(key.key_id == key_id and _is_theirs(principal, key) for key in keys.list()):
            raise NotFound("API key", hint="`crispml keys` lists them")
        revoked = keys.revoke(key_id, at=utc_now(), by=principal.name)
        request.app.state.key_ring.look()
        return answer(KeyView.of(revoked))

    return router


def _is_theirs(principal: Principal, key: ApiKey) -> bool:
    return all(may_grant(principal, grant) for grant in key.grants)
