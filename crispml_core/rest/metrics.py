"""HTTP metrics in the text format of Prometheus, with one registry per app."""

from __future__ import annotations

import time

from fastapi import APIRouter
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crispml_core.rest.errors import method_of, route_of

_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class HttpMetrics:
    """The metrics of one app; a label is a route template and never an address.

    Parameters
    ----------
    registry : CollectorRegistry, optional
        Where they are registered; a new one by default, so that two apps in a process do not clash.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        labels = ("route", "method", "status")
        self.requests = Counter(
            "crispml_http_requests_total", "Requests answered.", labels, registry=self.registry
        )
        self.duration = Histogram(
            "crispml_http_request_duration_seconds",
            "Time from the first byte of a request to the last byte of its answer.",
            labels[:2],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "crispml_http_requests_in_flight", "Requests being answered.", registry=self.registry
        )

    def router(self) -> APIRouter:
        """Return the route that Prometheus reads."""
        router = APIRouter(tags=["health"])

        @router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
        def metrics() -> Response:
            """Return every metric of this process as text."""
            return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)

        return router


class MeasureRequests:
    """ASGI middleware that counts and times requests."""

    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # 499 is what nginx logs when the client went away before the answer began.
        status, start = 499, time.perf_counter()

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._metrics.in_flight.track_inprogress():
            try:
                await self._app(scope, receive, note_status)
            finally:
                method, route = method_of(scope), route_of(scope)
                self._metrics.requests.labels(route, method, str(status)).inc()
                self._metrics.duration.labels(route, method).observe(time.perf_counter() - start)
