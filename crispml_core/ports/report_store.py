"""The durable record of verification reports."""

from __future__ import annotations

from typing import Protocol

from crispml_core.domain.scores import VerificationReport


class ReportStore(Protocol):
    """Immutable verification reports, found by id."""

    def add(
        self,
        report: VerificationReport,
        *,
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> VerificationReport:
        """Store a report; a known idempotency key returns the report of then.

        Raises
        ------
        Conflict
            If the idempotency key is known with another fingerprint.
        """
        ...

    def get(self, report_id: str) -> VerificationReport:
        """Return the report, or raise `NotFound`."""
        ...

    def find(
        self, *, use_case: str | None = None, limit: int = 50, before: str | None = None
    ) -> list[VerificationReport]:
        """Return reports, newest first, older than the report `before`."""
        ...
