"""The base of both services: a FastAPI app with the edge around it and no method of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi_offline import FastAPIOffline
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.types import Scope

from crispml_core import __version__
from crispml_core.bootstrap.parts import Parts
from crispml_core.governance.access import Permission
from crispml_core.ports.tracer import Tracer
from crispml_core.rest.access.entrance import Entrance
from crispml_core.rest.access.operations import OPERATIONS, Operation
from crispml_core.rest.access.owners import Owner
from crispml_core.rest.api_pages import ASSETS, install_api_pages
from crispml_core.rest.docs import PROBLEMS, install_openapi
from crispml_core.rest.errors import install_error_handlers
from crispml_core.rest.health import Checks, health_router, keep_looking
from crispml_core.rest.limits import BodyLimit
from crispml_core.rest.metrics import HttpMetrics, MeasureRequests
from crispml_core.rest.request_id import RequestContext
from crispml_core.rest.security_headers import SecurityHeaders
from crispml_core.rest.tracing import TraceRequests
from crispml_core.rest.unexpected import UnexpectedErrors
from crispml_core.settings import CrispMLSettings

API = "/api/v1"
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What makes one service different from the other at its edge.

    Parameters
    ----------
    name : str
        ``training`` or ``scoring``.
    tags : sequence of (str, str)
        Groups of routes in the documentation, in order: name and description.
    checks : callable
        What must be well for the service to be ready.
    owners : mapping of str to Owner
        By the name of the route: to which use case belongs what it is asked for.
    """

    name: str
    title: str
    summary: str
    tags: Sequence[tuple[str, str]]
    checks: Checks
    owners: Mapping[str, Owner]


def create_base_app(
    service: Service,
    settings: CrispMLSettings,
    routers: Sequence[APIRouter],
    lifespan: Lifespan,
    *,
    metrics: HttpMetrics | None = None,
    inner: Sequence[Middleware] = (),
) -> FastAPI:
    """Return the app of a service.

    Each of `routers` carries the prefix `API` itself, so that its routes know their whole template.
    ``app.state`` holds `parts` (None until `lifespan` sets them), `settings`, `gate`, which tells
    who may do what, `key_ring`, `operations`, what each route asks of its caller, `owners` of what
    may be asked for, `draining`, which the server sets when it was asked to stop, and `plain`, what
    answers plain requests at the socket, if a service has that; see
    `crispml_core.rest.plain_requests`.

    Parameters
    ----------
    inner : sequence of Middleware
        Of this service only; they see every answer, whoever gave it.
    """
    metrics = metrics or HttpMetrics()
    metrics.describe(service.name, settings.environment, __version__)

    @asynccontextmanager
    async def watched(app: FastAPI) -> AsyncIterator[None]:
        async with lifespan(app):
            await run_in_threadpool(entrance.ring.follow, app.state.parts.keys)
            tasks = (
                asyncio.create_task(keep_looking(app.state, service.checks, metrics.ready.set)),
                *(asyncio.create_task(work) for work in entrance.following()),
            )
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()

    app = FastAPIOffline(
        title=service.title,
        summary=service.summary,
        version=__version__,
        openapi_tags=[
            {"name": name, "description": description} for name, description in service.tags
        ],
        lifespan=watched,
        # A redirect would repeat the host and the query of the caller in its Location.
        redirect_slashes=False,
        static_url=ASSETS,
        docs_url=None,  # see `api_pages`
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(TraceRequests, tracer=_tracer_of),
            Middleware(RequestContext),
            Middleware(MeasureRequests, metrics=metrics),
            *inner,
            Middleware(UnexpectedErrors),
            Middleware(
                BodyLimit,
                max_body_bytes=settings.server.max_body_bytes,
                max_upload_bytes=settings.server.max_upload_bytes,
                max_held_bytes=settings.server.max_held_bytes,
                timeout_s=settings.server.body_timeout_s,
            ),
        ],
    )
    app.state.parts, app.state.settings, app.state.draining = None, settings, False
    app.state.plain, app.state.owners = None, service.owners
    entrance = Entrance(settings)
    app.state.gate, app.state.key_ring = entrance.gate, entrance.ring
    app.state.operations = _operations(settings)
    install_error_handlers(app)
    install_openapi(app)
    install_api_pages(app)
    app.include_router(health_router(service.name, service.checks))
    app.include_router(metrics.router())
    for router in routers:
        app.include_router(router, responses=PROBLEMS)
    return app


def _operations(settings: CrispMLSettings) -> Mapping[str, Operation]:
    if settings.auth.metrics == "open":
        return OPERATIONS
    return {**OPERATIONS, "metrics": Operation(Permission.READ)}


def parts_of(request: Request) -> Parts:
    """Return the parts that the service was built from."""
    parts: Parts = request.app.state.parts
    return parts


def _tracer_of(scope: Scope) -> Tracer | None:
    parts: Parts | None = scope["app"].state.parts
    return None if parts is None else parts.tracer


def location(request: Request, path: str) -> str:
    """Return the address of `path` below the API, behind whatever prefix a proxy put before it."""
    return f"{request.scope.get('root_path', '')}{API}{path}"


def _operation_id(route: Any) -> str:
    return str(route.name)
