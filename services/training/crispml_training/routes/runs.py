"""Runs: what was started, how far it is, live events, and cancelling."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.runs import Run, RunStatus
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API, location, parts_of
from crispml_core.rest.pagination import Page, PageQuery, page_answer

LOOK_S = 0.3
KEEP_ALIVE_S = 10.0

Method = Literal[
    "data-ingestion",
    "data-preparation",
    "data-curation",
    "model-training",
    "model-report",
    "model-persist",
    "cycle",
]


class RunsQuery(PageQuery):
    """Which runs are wanted."""

    use_case: str | None = None
    """Only those of this use case."""

    method: Method | None = None
    """Only those of this method."""

    status: RunStatus | None = None
    """Only those with this status."""


def run_router() -> APIRouter:
    """Return the routes of runs."""
    router = APIRouter(prefix=f"{API}/runs", tags=["runs"])

    @router.get("", summary="List the runs", response_model=Page[Run])
    def list_runs(request: Request, query: Annotated[RunsQuery, Query()]) -> Response:
        """Return runs, newest first."""
        found = parts_of(request).runs.find(
            use_case=query.use_case,
            method=query.method,
            status=query.status,
            limit=query.limit + 1,
            before=query.before,
        )
        more = len(found) > query.limit
        return page_answer(request, found[: query.limit], lambda run: run.id, more)

    @router.get("/{run_id}", summary="Look at a run", response_model=Run)
    def get_run(request: Request, run_id: str) -> Response:
        """Return a run with its progress, and its result or its error once it has ended."""
        return answer(parts_of(request).runs.get(run_id))

    @router.get(
        "/{run_id}/events",
        summary="Follow a run",
        response_class=StreamingResponse,
        responses={
            200: {
                "description": "Server-sent events.",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            }
        },
    )
    async def get_run_events(request: Request, run_id: str) -> Response:
        """Send the event `run` with the run as JSON on every change; the last one is final."""
        first = await run_in_threadpool(parts_of(request).runs.get, run_id)
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
        run = parts_of(request).runs.request_cancel(run_id)
        request.app.state.executor.wake()
        return answer(run, 202, {"Location": location(request, f"/runs/{run_id}")})

    return router


async def _events(request: Request, run: Run) -> AsyncIterator[bytes]:
    """Yield an event per change until the run is final; the end of the connection ends this."""
    runs, shown, sent_at = parts_of(request).runs, None, time.monotonic()
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
