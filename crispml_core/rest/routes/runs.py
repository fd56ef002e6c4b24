"""Runs: what was started, how far it is, live events, and cancelling."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import Field, create_model
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from crispml_core.domain.errors import NotFound, StoreUnavailable
from crispml_core.domain.runs import Run, RunStatus
from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API, location
from crispml_core.rest.pagination import Page, PageQuery, found_answer
from crispml_core.rest.runs import runs_of

LOOK_S = 0.3
KEEP_ALIVE_S = 10.0

# Of a stream of events the schema is that of each of them.
_EVENT = {
    "type": "object",
    "properties": {
        "event": {"const": "run"},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
_METHOD = "Only those of this method."


class RunsQuery(PageQuery):
    """Which runs are wanted."""

    use_case: str | None = None
    """Only those of this use case."""

    method: str | None = Field(None, description=_METHOD)

    status: RunStatus | None = None
    """Only those with this status."""


def run_router(methods: tuple[str, ...]) -> APIRouter:
    """Return the routes of the runs of these methods, which are those of one service."""
    router = APIRouter(prefix=f"{API}/runs", tags=["runs"], route_class=GuardedRoute)

    def list_runs(request: Request, query: RunsQuery) -> Response:
        """Return runs, newest first."""
        found = runs_of(request).store.find(
            use_case=query.use_case,
            methods=methods if query.method is None else (query.method,),
            status=query.status,
            limit=query.limit + 1,
            before=query.before,
        )
        return found_answer(request, found, lambda run: run.id, query)

    # The methods of a query are those of the service, which only this call knows.
    list_runs.__annotations__["query"] = Annotated[_query(methods), Query()]
    router.get("", summary="List the runs", response_model=Page[Run])(list_runs)

    @router.get("/{run_id}", summary="Look at a run", response_model=Run)
    def get_run(request: Request, run_id: str) -> Response:
        """Return a run with its progress, and its result or its error once it has ended."""
        return answer(_run(request, run_id, methods))

    @router.get(
        "/{run_id}/events",
        summary="Follow a run",
        response_class=StreamingResponse,
        responses={
            200: {
                "description": "Server-sent events.",
                "content": {"text/event-stream": {"schema": _EVENT}},
            }
        },
    )
    async def get_run_events(request: Request, run_id: str) -> Response:
        """Send the event `run` with the run as JSON on every change; the last one is final."""
        first = await run_in_threadpool(_run, request, run_id, methods)
        return StreamingResponse(
            _events(request, first),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    @router.post(
        "/{run_id}/cancel",
        status_code=202,
        summary="Cancel a run",
        responses={202: {"model": Run, "description": "The run, which stops soon."}},
    )
    def cancel_run(request: Request, run_id: str) -> Response:
        """Ask a run to stop; one that has ended stays as it is."""
        _run(request, run_id, methods)
        run = runs_of(request).store.request_cancel(run_id)
        runs_of(request).wake()
        return answer(run, 202, {"Location": location(request, f"/runs/{run_id}")})

    return router


def _query(methods: tuple[str, ...]) -> type[RunsQuery]:
    """Return the query whose `method` is one of these."""
    method: Any = (Literal[methods] | None, Field(None, description=_METHOD))
    return create_model("RunsQuery", __base__=RunsQuery, method=method)


def _run(request: Request, run_id: str, methods: tuple[str, ...]) -> Run:
    """Return a run of this service; those of the other one are none of its business."""
    run = runs_of(request).store.get(run_id)
    if run.method not in methods:
        raise NotFound("run")
    return run


async def _events(request: Request, run: Run) -> AsyncIterator[bytes]:
    """Yield an event per change until the run is final; the end of the connection ends this."""
    runs, shown, sent_at = runs_of(request).store, None, time.monotonic()
    while True:
        if run != shown:
            yield b"event: run\ndata: " + msgspec.json.encode(run) + b"\n\n"
            shown, sent_at = run, time.monotonic()
        elif time.monotonic() - sent_at >= KEEP_ALIVE_S:
            yield b": still " + run.status.encode() + b"\n\n"
            sent_at = time.monotonic()
        if run.status.is_final or request.app.state.draining:
            return
        await asyncio.sleep(LOOK_S)
        try:
            run = await run_in_threadpool(runs.get, run.id)
        except StoreUnavailable:
            # A locked database is no news about the run; the next look may do better.
            continue
