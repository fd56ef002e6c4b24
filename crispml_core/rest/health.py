"""Probes: alive, started, ready, and which version this is."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import structlog
from fastapi import APIRouter, Request
from starlette.responses import Response

from crispml_core import __version__
from crispml_core.domain.errors import describe_failure
from crispml_core.domain.identifiers import is_clock_simulated, utc_now
from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.answers import answer
from crispml_core.rest.errors import RETRY_AFTER_S
from crispml_core.rest.turns import threads_for

OK = "ok"
WAITING = "waiting: "
MOST_CHECKS = 4
CHECK_TIMEOUT_S = 5.0
LOOK_EVERY_S = 5.0

# A flag without a value, which FastAPI cannot declare.
_VERBOSE = {
    "name": "verbose",
    "in": "query",
    "description": "Also list each check.",
    "allowEmptyValue": True,
    "schema": {"type": "string"},
}

_log = structlog.get_logger("crispml.service")

Checks = Callable[[Any], Mapping[str, str | None]]
"""From the parts of the service to what is wrong by name.

None is well; a text that begins with `OK` or `WAITING` is no failure.
"""


def health_router(service: str, checks: Checks) -> APIRouter:
    """Return the probes of a service."""
    router = APIRouter(tags=["health"], route_class=GuardedRoute)

    @router.get("/livez", summary="Is the process alive?")
    async def livez() -> dict[str, str]:
        """Answer 200 as long as the process answers at all."""
        return {"status": "alive"}

    @router.get("/startupz", summary="Has the service started?")
    async def startupz(request: Request) -> Response:
        """Answer 200 once the service has started."""
        started = getattr(request.app.state, "parts", None) is not None
        return _status(started, "started", "starting")

    @router.get(
        "/readyz",
        summary="Can the service do its work?",
        responses={503: {"description": "A store does not answer, or the service stops."}},
        openapi_extra={"parameters": [_VERBOSE]},
    )
    async def readyz(request: Request) -> Response:
        """Answer 200 when the stores answer, else 503."""
        ready, found = await look(request.app.state, checks)
        details = {"checks": {name: text or OK for name, text in found.items()}}
        return _status(
            ready, "ready", "not ready", details if "verbose" in request.query_params else {}
        )

    @router.get("/version", summary="Which version is this?")
    async def version(request: Request) -> dict[str, str]:
        """Return the versions of the service and of Python, and what time it is for the service."""
        return {
            "service": service,
            "version": __version__,
            "python": platform.python_version(),
            "environment": request.app.state.settings.environment,
            "time": utc_now().isoformat(),
            "clock": "simulated" if is_clock_simulated() else "system",
        }

    return router


async def look(state: Any, checks: Checks) -> tuple[bool, dict[str, str | None]]:
    """Return whether a service can do its work, and what each check found.

    Parameters
    ----------
    state : starlette.datastructures.State
        Of the app.
    """
    found = await _checked(state, checks)
    ready = all(text is None or text.startswith((OK, WAITING)) for text in found.values())
    if state.draining:
        ready, found = False, {**found, "service": "stopping"}
    return ready, found


async def keep_looking(state: Any, checks: Checks, note: Callable[[bool], None]) -> None:
    """Look again and again, and note whether the service is ready: a probe may have nobody."""
    while True:
        try:
            note((await look(state, checks))[0])
        except Exception as error:  # nobody would begin it again
            note(False)
            _log.error("readiness_not_checked", error=describe_failure(error))
        await asyncio.sleep(LOOK_EVERY_S)


async def _checked(state: Any, checks: Checks) -> dict[str, str | None]:
    parts = getattr(state, "parts", None)
    if parts is None:
        return {"service": "starting"}
    with anyio.move_on_after(CHECK_TIMEOUT_S):
        return dict(
            await anyio.to_thread.run_sync(
                checks,
                parts,
                abandon_on_cancel=True,
                limiter=threads_for(state, "checks", MOST_CHECKS),
            )
        )
    return {"stores": f"no answer within {CHECK_TIMEOUT_S:g} s"}


def _status(good: bool, yes: str, no: str, details: Mapping[str, Any] | None = None) -> Response:
    return answer(
        {"status": yes if good else no, **(details or {})},
        200 if good else 503,
        {} if good else {"Retry-After": str(RETRY_AFTER_S)},
    )
