"""Errors as problem documents (RFC 9457); the one place where a class becomes a status code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from crispml_core.domain.errors import (
    Conflict,
    CrispMLError,
    DeadlineExceeded,
    Forbidden,
    IdempotencyKeyReused,
    InvalidInput,
    InvalidRecords,
    MalformedContent,
    NotFound,
    NotReady,
    Overloaded,
    PreconditionFailed,
    PreconditionRequired,
    Problem,
    RegistryDamaged,
    ReportDamaged,
    StoreUnavailable,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    UnsupportedContent,
    UntrustedSignature,
)
from crispml_core.rest.content import NotAcceptable
from crispml_core.rest.request_id import request_id_of
from crispml_core.rest.slow_bodies import BodyTooSlow

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_S = 5

STATUS: Mapping[type[CrispMLError], int] = {
    CrispMLError: 500,
    InvalidInput: 422,
    MalformedContent: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    TooLarge: 413,
    BodyTooSlow: 408,
    UnsupportedContent: 415,
    NotAcceptable: 406,
    NotFound: 404,
    Conflict: 409,
    PreconditionFailed: 412,
    PreconditionRequired: 428,
    IdempotencyKeyReused: 422,
    TooManyRequests: 429,
    NotReady: 503,
    RegistryDamaged: 503,
    UntrustedSignature: 503,
    ReportDamaged: 503,
    StoreUnavailable: 503,
    Overloaded: 503,
    DeadlineExceeded: 504,
}
# What a status says to the client besides: try again later, or do not go on sending.
_ADVICE: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": 'Bearer realm="crispml"'},
    408: {"Connection": "close"},
    429: {"Retry-After": "1"},
    503: {"Retry-After": str(RETRY_AFTER_S)},
}
_SENTENCES = {
    404: "there is nothing at this address; /docs lists what there is",
    405: "this address does not take this HTTP method; see the Allow header",
}
UNMATCHED = "unmatched"
"""Stands for the template where no route matches."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_log = structlog.get_logger("crispml.rest")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemDocument:
    """Why a request was refused or failed (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    errors: tuple[Problem, ...] = field(default=())
    errors_total: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a request was refused, in codes.

    Parameters
    ----------
    rule, field : str or None
        The first rule that a record broke, and the field that broke it.
    """

    code: str
    rule: str | None = None
    field: str | None = None


def reason_of(scope: Scope) -> Reason | None:
    """Return why the request of an ASGI scope was answered with a problem document, if it was."""
    found: Reason | None = scope.get("state", {}).get("reason")
    return found


def status_of(error: CrispMLError) -> int:
    """Return the status code of an error: that of its nearest class in `STATUS`."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def problem_response(
    scope: Scope,
    status: int,
    code: str,
    detail: str,
    *,
    problems: Sequence[Problem] = (),
    total: int = 0,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the answer for a refused or failed request, and log that it was refused.

    The instance is the request id and not the address, because an address may hold a business key.
    """
    request_id = request_id_of(scope)
    first = problems[0] if problems else None
    scope.setdefault("state", {})["reason"] = Reason(
        code, first.rule if first else None, first.field if first else None
    )
    phrase = HTTPStatus(status).phrase
    is_plain = code == phrase.lower().replace(" ", "_")
    document = ProblemDocument(
        type="about:blank" if is_plain else f"urn:crispml:{code}",
        title=phrase if is_plain else code.replace("_", " ").capitalize(),
        status=status,
        detail=detail,
        instance=f"urn:crispml:request:{request_id}",
        code=code,
        request_id=request_id,
        errors=tuple(problems),
        errors_total=total,
    )
    body = msgspec.to_builtins(document)
    if not problems:
        del body["errors"], body["errors_total"]
    if scope.get("path", "").startswith("/v2/"):
        # The Open Inference Protocol knows one member; its clients look for it.
        body = {"error": detail, **body}
    advice = _ADVICE.get(status, {})
    _log.log(
        40 if status >= 500 else 30,
        "request_refused",
        status=status,
        code=code,
        method=method_of(scope),
        route=route_of(scope),
    )
    return Response(
        msgspec.json.encode(body),
        status,
        media_type=PROBLEM_JSON,
        headers={**advice, **(headers or {})},
    )


def route_of(scope: Scope) -> str:
    """Return the template of the matched route, never the address itself."""
    return getattr(scope.get("route"), "path", UNMATCHED)


def method_of(scope: Scope) -> str:
    """Return the HTTP method, or ``other`` for a word that only its caller knows."""
    return scope["method"] if scope["method"] in _METHODS else "other"


def crispml_error_response(scope: Scope, error: CrispMLError) -> Response:
    """Return the problem document of an error that CrispML raised on purpose."""
    problems, total = (
        (error.problems, error.total) if isinstance(error, InvalidRecords) else ((), 0)
    )
    return problem_response(
        scope, status_of(error), error.code, error.message, problems=problems, total=total
    )


def install_error_handlers(app: FastAPI) -> None:
    """Answer every foreseen error of `app` with a problem document."""
    app.add_exception_handler(CrispMLError, _crispml_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)


async def _crispml_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, CrispMLError)
    return crispml_error_response(request.scope, error)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    problems = [_problem(finding) for finding in found[: InvalidRecords.SHOWN]]
    more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
    return problem_response(
        request.scope,
        422,
        InvalidInput.code,
        f"{problems[0].message}{more}",
        problems=problems,
        total=len(found),
    )


def _problem(finding: Mapping[str, Any]) -> Problem:
    """Turn a finding of pydantic into a problem without the input and without an unknown name."""
    place = list(finding["loc"][1:])
    if finding["type"] == "extra_forbidden":
        place = place[:-1]
    name = ".".join(str(part) for part in place) or None
    message = finding["msg"][:1].lower() + finding["msg"][1:]
    return Problem(
        rule=finding["type"],
        field=name,
        message=f"{name or finding['loc'][0]}: {message}",
    )


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    headers = error.headers
    if error.status_code == 405:
        headers = {"Allow": ", ".join(_methods_of(request))}
    return problem_response(
        request.scope,
        error.status_code,
        phrase.lower().replace(" ", "_"),
        _SENTENCES.get(error.status_code, phrase.lower()),
        headers=headers,
    )


def _methods_of(request: Request) -> list[str]:
    """Return the methods that an address takes: of all its routes, and not of the first alone."""
    found: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        route = context.original_route
        # What catches a mistake takes a method only to say that it is one.
        if not getattr(route, "include_in_schema", True):
            continue
        if route.matches(dict(request.scope))[0] is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return sorted(found)
