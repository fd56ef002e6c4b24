"""What Prometheus is told of the console."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from crispml_console.service.visitors import Visitors

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The metrics of one console.

    Parameters
    ----------
    visitors : Visitors
        Counted when somebody asks.
    """

    def __init__(self, visitors: Visitors) -> None:
        self.registry = CollectorRegistry()
        sessions = Gauge(
            "crispml_console_sessions", "People who are signed in", registry=self.registry
        )
        sessions.set_function(lambda: float(len(visitors)))
        self._open = Gauge(
            "crispml_console_open_pages", "Pages that are open", ["page"], registry=self.registry
        )
        self._calls = Histogram(
            "crispml_console_call_duration_seconds",
            "Calls of the services, by service, method and outcome",
            ["service", "method", "outcome"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        visitors.on_call = self._called

    def opened(self, page: str) -> None:
        """Count a page that somebody opened."""
        self._open.labels(page or "overview").inc()

    def left(self, page: str) -> None:
        """Count a page that somebody left."""
        self._open.labels(page or "overview").dec()

    def _called(self, service: str, method: str, outcome: str, seconds: float) -> None:
        self._calls.labels(service, method, outcome).observe(seconds)

    async def answer(self, request: Request) -> Response:
        """Answer ``GET /metrics``."""
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)
