"""Figures for a Prometheus, served on loopback."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from loadtest.figures import Figures
from loadtest.histogram import Histogram

_PERCENTILES = {"0.5": 0.5, "0.99": 0.99}


class PrometheusFigures:
    """Serves counts and percentiles of the load so far.

    Parameters
    ----------
    port : int
        On loopback; 0 for any that is free.
    """

    def __init__(self, port: int) -> None:
        registry = CollectorRegistry()
        self._requests = Counter(
            "crispml_loadtest_requests",
            "Requests by their name and what became of them.",
            ["request", "outcome"],
            registry=registry,
        )
        self._latency = Gauge(
            "crispml_loadtest_latency_seconds",
            "Time from the moment a request was due to its answer, so far, without the warm-up.",
            ["request", "quantile"],
            registry=registry,
        )
        self._so_far: dict[str, Histogram] = {}
        self._server, self._thread = start_http_server(port, addr="127.0.0.1", registry=registry)

    @property
    def port(self) -> int:
        """Where figures are served."""
        return self._server.server_port

    def close(self) -> None:
        """Serve no longer."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, figures: Figures) -> None:
        """Add the figures of a report."""
        for name, of_name in figures.by_request.items():
            for counts in (of_name.warm_up, of_name.measured):
                for outcome, count in counts.items():
                    self._requests.labels(name, outcome).inc(count)
            so_far = self._so_far.setdefault(name, Histogram())
            so_far.merge(of_name.latency)
            for label, share in _PERCENTILES.items():
                value = so_far.percentile(share)
                if value is not None:
                    self._latency.labels(name, label).set(value / 1000)
