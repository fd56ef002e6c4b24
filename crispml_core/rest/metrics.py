"""HTTP metrics in the text format of Prometheus, with one registry per app."""

from __future__ import annotations

import collections
import time
from collections.abc import Callable, Iterable, Iterator

from fastapi import APIRouter
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.counting import observe_many
from crispml_core.rest.errors import UNMATCHED, method_of, route_of
from crispml_core.rest.timing_metrics import TimingMetrics

# From what a record takes to what a run takes that somebody waits for. The bounds of the shipped
# alerts, 0.1 and 0.25, are among them.
_BUCKETS = (
    0.0005,
    0.001,
    0.002,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
    30,
    60,
    300,
)


Choose = Callable[[Iterable[Metric]], Iterable[Metric]]
"""From all metrics to those that are told."""

# When a series began is nobody's question, and each counter would be two series.
disable_created_metrics()  # type: ignore[no-untyped-call]


class HttpMetrics:
    """The metrics of one app; a label is a route template and never an address.

    Parameters
    ----------
    registry : CollectorRegistry, optional
        Where they are registered; a new one by default, so that two apps in a process do not clash.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.timings = TimingMetrics(self.registry)
        self.before_reading: Callable[[], None] = lambda: None
        self.choose: Choose = iter
        self._recorders: list[RouteRecorder] = []
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
        self._service = Gauge(
            "crispml_service_info",
            "1; the labels say which service of which environment and release this is.",
            ("service", "environment", "release"),
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self.ready = Gauge(
            "crispml_ready",
            "1 while the service can do its work, as /readyz says, else 0.",
            registry=self.registry,
            multiprocess_mode="livemin",
        )
        self.in_flight = Gauge(
            "crispml_http_requests_in_flight",
            "Requests being answered.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )

    def describe(self, service: str, environment: str, release: str) -> None:
        """Say whose metrics these are."""
        self._service.labels(service, environment, release).set(1)

    def recorder(self, route: str, method: str) -> RouteRecorder:
        """Return what counts the answers of one route that is called very often."""
        recorder = RouteRecorder(
            self.duration.labels(route, method),
            lambda status: self.requests.labels(route, method, str(status)),
        )
        self._recorders.append(recorder)
        return recorder

    def look(self) -> None:
        """Take in what is told of now and then only, so that it is up to date."""
        for recorder in self._recorders:
            recorder.flush()
        self.timings.look()
        self.before_reading()

    def text(self) -> bytes:
        """Return the metrics of this process, or of all workers of its service as one."""
        self.look()
        told = self.registry
        if _is_one_of_many():
            told = CollectorRegistry()
            MultiProcessCollector(told)  # type: ignore[no-untyped-call]
        return generate_latest(_Chosen(told, self.choose))

    def router(self) -> APIRouter:
        """Return the route that Prometheus reads."""
        router = APIRouter(tags=["health"], route_class=GuardedRoute)

        @router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
        def metrics() -> Response:
            """Return the metrics of the service as text, those of all its processes as one."""
            return Response(self.text(), media_type=CONTENT_TYPE_LATEST)

        return router


class _Chosen(CollectorRegistry):
    """What is told of a registry."""

    def __init__(self, registry: CollectorRegistry, choose: Choose) -> None:
        super().__init__()
        self._registry, self._choose = registry, choose

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics that are told."""
        return iter(self._choose(self._registry.collect()))


class RouteRecorder:
    """Counts and times the answers of one route, a hundred at a time.

    Telling the histogram of each answer costs more than reading a record does.

    Parameters
    ----------
    durations : Histogram
        Child for the route and the method.
    counter : callable
        Returns the counter of a status.
    """

    _MANY = 100

    def __init__(self, durations: Histogram, counter: Callable[[int], Counter]) -> None:
        self._durations, self._counter = durations, counter
        self._noted: list[tuple[int, float]] = []

    def note(self, status: int, seconds: float) -> None:
        """Take in one answer."""
        self._noted.append((status, seconds))
        if len(self._noted) >= self._MANY:
            self.flush()

    def flush(self) -> None:
        """Tell the metrics what was taken in."""
        noted, self._noted = self._noted, []
        if not noted:
            return
        for status, number in collections.Counter(status for status, _ in noted).items():
            self._counter(status).inc(number)
        observe_many(self._durations, [seconds for _, seconds in noted])


def _is_one_of_many() -> bool:
    # The library decides when it is imported, by the environment that `workers` gives a process.
    return values.ValueClass is not values.MutexValue


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
                # A verb that an address does not take matches nothing: nobody shall make eight
                # series of each by trying them all.
                method, route = method_of(scope), UNMATCHED if status == 405 else route_of(scope)
                self._metrics.requests.labels(route, method, str(status)).inc()
                self._metrics.duration.labels(route, method).observe(time.perf_counter() - start)
