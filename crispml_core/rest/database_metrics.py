"""What Prometheus learns about the connections of a service to its database."""

from __future__ import annotations

from collections import Counter as Numbers

from prometheus_client import CollectorRegistry, Counter, Gauge

from crispml_core.bootstrap.parts import Parts


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
        self._retries = Counter(
            "crispml_database_retries_total",
            "Times that something was asked of the database again, by what undid it before.",
            ("reason",),
            registry=registry,
        )
        self._told: Numbers[str] = Numbers()

    def look(self, parts: Parts) -> None:
        """Take the state of all pools, and what was tried again since the last look."""
        for pool in parts.pools():
            self._connections.labels(pool.name, "in_use").set(pool.in_use)
            self._connections.labels(pool.name, "idle").set(pool.idle)
            self._size.labels(pool.name).set(pool.size)
        now = Numbers(parts.retries())
        for reason, number in (now - self._told).items():
            self._retries.labels(reason).inc(number)
        self._told = now
