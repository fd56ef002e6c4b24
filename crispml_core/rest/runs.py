"""The runs of a service as its routes see them, and the answer to a request that became one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from crispml_core.domain.runs import Run
from crispml_core.ports.run_store import RunStore
from crispml_core.rest.answers import answer
from crispml_core.rest.app import location
from crispml_core.rest.preferences import preferred_wait

# A look at one row of the database; short enough that nobody waits longer than a method needs.
_LOOK_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """What an app with runs holds in ``app.state.runs``.

    Parameters
    ----------
    wake : callable
        Lets the executor look into the queue at once.
    """

    store: RunStore
    wake: Callable[[], None]


def runs_of(request: Request) -> Runs:
    """Return the runs of the service."""
    runs: Runs = request.app.state.runs
    return runs


async def run_answer(request: Request, run: Run, prefer: str | None) -> Response:
    """Answer 200 with a finished run, 202 with any other, after the wait that is preferred."""
    seconds = preferred_wait(prefer, request.app.state.settings.server.max_wait_s)
    headers = {"Location": location(request, f"/runs/{run.id}")}
    if seconds:
        headers["Preference-Applied"] = f"wait={seconds:g}"
        run = await _waited(request, run, seconds)
    return answer(run, 200 if seconds and run.status.is_final else 202, headers)


async def _waited(request: Request, run: Run, seconds: float) -> Run:
    store, deadline = runs_of(request).store, time.monotonic() + seconds
    while (
        not run.status.is_final
        and time.monotonic() < deadline
        and not request.app.state.draining
        and not await request.is_disconnected()
    ):
        await asyncio.sleep(_LOOK_S)
        run = await run_in_threadpool(store.get, run.id)
    return run
