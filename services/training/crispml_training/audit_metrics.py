"""What Prometheus learns about sealing and signing the audit log."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge

from crispml_core.pipelines.audit.keeper import AuditKeeper


class KeeperMetrics:
    """Takes the state of the keeper when it is told to look."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._unsigned = Gauge(
            "crispml_audit_unsigned_seconds",
            "How long entries of the audit log could not be signed; 0 while they can.",
            registry=registry,
            multiprocess_mode="max",
        )
        self._broken = Gauge(
            "crispml_audit_broken",
            "1 while the chain of the audit log is broken, so that it is not signed any more.",
            registry=registry,
            multiprocess_mode="max",
        )

    def look(self, keeper: AuditKeeper) -> None:
        """Take its state."""
        self._unsigned.set(keeper.unsigned_s)
        self._broken.set(keeper.fault is not None)
