"""What Prometheus learns about the connections of a service to its database."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from crispml_core.bootstrap.parts import Parts
from crispml_core.rest.counting import Totals


class DatabaseMetrics:
    """Takes the state of the pools when it is told to look."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._connections = Gauge(
            "crispml_database_connections",
            "Connections to the database that are open, by what they do.",
            ("pool", "state"),
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._size = Gauge(
            "crispml_database_pool_size",
            "Most connections that a pool may open.",
            ("pool",),
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._retries = Totals(
            Counter(
                "crispml_database_retries_total",
                "Times that something was asked of the database again, by what undid it before.",
                ("reason",),
                registry=registry,
            )
        )

    def look(self, parts: Parts) -> None:
        """Take the state of all pools, and what was tried again since the last look."""
        for pool in parts.pools():
            self._connections.labels(pool.name, "in_use").set(pool.in_use)
            self._connections.labels(pool.name, "idle").set(pool.idle)
            self._size.labels(pool.name).set(pool.size)
        self._retries.reach(parts.retries())
