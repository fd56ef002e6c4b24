"""What Prometheus learns about the audit log of a process."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from crispml_core.bootstrap.parts import Parts
from crispml_core.rest.counting import Totals


class AuditMetrics:
    """Takes what the recorder has counted when it is told to look."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._entries = Totals(
            Counter(
                "crispml_audit_entries_total",
                "Entries for the audit log, by whether they were written or failed.",
                ("outcome",),
                registry=registry,
            )
        )

    def look(self, parts: Parts) -> None:
        """Take the numbers of entries since the last look."""
        self._entries.reach({"written": parts.audit.written, "failed": parts.audit.failed})
