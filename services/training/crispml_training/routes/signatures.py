"""Who vouches for a version."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from crispml_core.domain.signatures import SignedVersion
from crispml_core.pipelines.version_signature import sign_again, who_signed
from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_training.parts import parts_of


def signature_router() -> APIRouter:
    """Return the routes of the signature of a version."""
    router = APIRouter(
        prefix=f"{API}/models/{{model}}/versions/{{version}}/signature",
        tags=["models"],
        route_class=GuardedRoute,
    )

    @router.get("", summary="Who signed a version?", response_model=SignedVersion)
    def get_signature(request: Request, model: str, version: str) -> Response:
        """Return the key that signed a version; the signature was verified with it."""
        return answer(who_signed(parts_of(request).training.stores, model, version))

    @router.post("", summary="Sign a version anew", response_model=SignedVersion)
    def sign_version(request: Request, model: str, version: str) -> Response:
        """Verify every byte of a version and sign it with the present key; not in prod.

        For versions from before there were signatures, and from before their key was revoked.
        """
        return answer(sign_again(parts_of(request).training.stores, model, version))

    return router
