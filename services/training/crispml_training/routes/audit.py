"""Who did what, and whether anybody touched the evidence since."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from crispml_core.domain.audit import AuditHead, AuditQuery, Checked
from crispml_core.domain.errors import CrispMLError, InvalidInput, TooManyRequests
from crispml_core.rest.access.caller import principal_of
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.pagination import Page, PageQuery, found_answer
from crispml_core.rest.requests import Moment, RequestModel
from crispml_core.rest.strict_route import StrictRoute
from crispml_training.audit_views import EntryView, HeadView, SealOutcome, entry_view, head_view
from crispml_training.parts import parts_of

NDJSON = "application/x-ndjson"
# One reads the whole database; a second one would only make both slower.
_verifying = threading.Lock()


class HeadsQuery(PageQuery):
    """In which order heads are wanted."""

    newest: bool = False
    """Whether the newest come first; else the oldest do. A cursor is one of its order."""


class EntriesQuery(HeadsQuery):
    """Which entries are wanted."""

    start: Moment | None = None
    """Only those from this moment on."""

    end: Moment | None = None
    """Only those before this moment."""

    actor: str | None = Field(None, max_length=255)
    """Only those of this principal, run or rule."""

    action: str | None = Field(None, max_length=63)
    """Only those of this operation."""

    use_case: str | None = Field(None, max_length=63)
    """Only those about this use case."""

    outcome: str | None = Field(None, pattern=r"^([1-5](xx|[0-9]{2})|asked|done|failed)$")
    """Only those that ended so: a status code, a class of them such as `4xx`, `asked`, `done` or
    `failed`."""


class VerificationQuery(RequestModel):
    """What is verified."""

    head: Annotated[list[str] | None, Field(max_length=100)] = None
    """`SEQUENCE:DIGEST` of a head that was kept elsewhere, which the chain must go through."""

    scores: bool = True
    """Whether every stored score is read and digested again, which takes longest."""


def audit_router() -> APIRouter:
    """Return the routes of the audit log."""
    router = APIRouter(prefix=f"{API}/audit", tags=["audit"], route_class=StrictRoute)

    @router.get("/entries", summary="Who did what?", response_model=Page[EntryView])
    def list_audit_entries(request: Request, query: Annotated[EntriesQuery, Query()]) -> Response:
        """Return entries of the audit log in the order of their chain, or against it."""
        wanted = AuditQuery(
            after=query.before_number,
            newest_first=query.newest,
            start=query.start,
            end=query.end,
            actor=query.actor,
            action=query.action,
            use_case=query.use_case,
            outcome=query.outcome,
        )
        found = parts_of(request).audit.log.entries(wanted, query.limit + 1)
        return found_answer(request, found, lambda e: str(e.sequence), query, entry_view)

    @router.get("/heads", summary="Which heads are signed?", response_model=Page[HeadView])
    def list_audit_heads(request: Request, query: Annotated[HeadsQuery, Query()]) -> Response:
        """Return signed heads of the chain; keep the newest one elsewhere."""
        found = parts_of(request).audit.log.heads(
            query.before_number, query.limit + 1, newest_first=query.newest
        )
        return found_answer(request, found, lambda head: str(head.sequence), query, head_view)

    @router.get(
        "/verification",
        summary="Did anybody touch the evidence?",
        response_class=StreamingResponse,
        responses={
            200: {
                "description": "A line of JSON for each table as it is done. The last one has "
                "`valid`.",
                "content": {NDJSON: {"schema": {"type": "string"}}},
            }
        },
    )
    def verify_audit(request: Request, query: Annotated[VerificationQuery, Query()]) -> Response:
        """Read the chain, its signed heads, every sealed row and every score again.

        Each table has the first row that was altered, is missing or has another place.
        """
        held = [_head(text, place) for place, text in enumerate(query.head or (), 1)]
        if not _verifying.acquire(blocking=False):
            raise TooManyRequests("a verification is on its way: ask again when it has ended")
        found = parts_of(request).verification.run(held, scores=query.scores)
        return _Lines(_lines(found), media_type=NDJSON)

    @router.post("/seals", summary="Seal and sign now", response_model=SealOutcome)
    def seal_audit(request: Request) -> Response:
        """Seal every row that has no seal yet and sign the head, as is done from time to time."""
        keeper = parts_of(request).keeper
        rows = keeper.seal(principal_of(request).name)
        head = keeper.sign()
        fault = keeper.fault
        return answer(
            SealOutcome(
                rows=rows,
                head=None if head is None else head_view(head),
                where=None if fault is None else fault.where,
                fault=None if fault is None else fault.what,
            )
        )

    return router


class _Lines(StreamingResponse):
    """Lets the next verification begin, however this one ended."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            _verifying.release()


def _lines(found: Iterator[Checked]) -> Iterator[bytes]:
    """Yield what was checked, and a last line without which the answer is not complete."""
    valid = True
    try:
        for one in found:
            valid = valid and one.fault is None
            yield msgspec.json.encode(one) + b"\n"
    except CrispMLError as error:
        yield msgspec.json.encode({"valid": None, "error": error.message}) + b"\n"
    else:
        yield msgspec.json.encode({"valid": valid, "error": None}) + b"\n"


def _head(text: str, place: int) -> AuditHead:
    head = AuditHead.parse(text)
    if head is None:
        raise InvalidInput(f"head {place} is not SEQUENCE:DIGEST with 64 hexadecimal digits")
    return head
