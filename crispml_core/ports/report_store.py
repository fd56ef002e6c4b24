"""The durable record of verification reports."""

from __future__ import annotations

from typing import Protocol

from crispml_core.domain.reports import ReportQuestion, VerificationReport


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
        """Return the report.

        Raises
        ------
        NotFound
            If there is none.
        ReportDamaged
            If its content is not what its digest says.
        """
        ...

    def newest_ids(self, use_case: str, limit: int) -> list[str]:
        """Return the ids of the newest reports of a use case, the newest first."""
        ...

    def find(
        self,
        *,
        use_case: str | None = None,
        asked: ReportQuestion | None = None,
        digest: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[VerificationReport]:
        """Return reports, newest first, older than the report `before`.

        Parameters
        ----------
        asked : ReportQuestion, optional
            Only reports that were asked the same, as far as it says: None leaves a part open.
        digest : str, optional
            Only reports with this content.
        """
        ...
