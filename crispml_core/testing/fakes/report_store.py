"""Verification reports in memory."""

from __future__ import annotations

import threading
from dataclasses import replace

import msgspec

from crispml_core.domain.errors import Conflict, NotFound
from crispml_core.domain.reports import ReportQuestion, VerificationReport, content_digest
from crispml_core.testing.fakes.idempotency import Answers


class FakeReportStore:
    """Reports by id; the content comes back as JSON leaves it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reports: dict[str, VerificationReport] = {}
        self._answers: Answers[str] = Answers()

    def add(
        self,
        report: VerificationReport,
        *,
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> VerificationReport:
        """Store a report, or return the one its idempotency key stored before."""
        scope = (report.use_case,)
        with self._lock:
            earlier = self._answers.find(scope, idempotency_key, fingerprint)
            if earlier is not None:
                return self._reports[earlier]
            if report.id in self._reports:
                raise Conflict("a report with this id is stored already")
            plain = msgspec.json.decode(msgspec.json.encode(report.content))
            stored = replace(report, content=plain, digest=content_digest(plain))
            self._reports[report.id] = stored
            self._answers.keep(scope, idempotency_key, fingerprint, report.id)
            return stored

    def get(self, report_id: str) -> VerificationReport:
        """Return the report, or raise `NotFound`."""
        if report_id not in self._reports:
            raise NotFound("report")
        return self._reports[report_id]

    def newest_ids(self, use_case: str, limit: int) -> list[str]:
        """Return the ids of the newest reports of a use case."""
        return [report.id for report in self.find(use_case=use_case, limit=limit)]

    def find(
        self,
        *,
        use_case: str | None = None,
        asked: ReportQuestion | None = None,
        digest: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[VerificationReport]:
        """Return reports, newest first, older than the report `before`."""
        found = [
            report
            for report in self._reports.values()
            if use_case in (None, report.use_case)
            and digest in (None, report.digest)
            and _was_asked(report, asked or ReportQuestion())
            and (before is None or report.id < before)
        ]
        return sorted(found, key=lambda report: report.id, reverse=True)[:limit]


def _was_asked(report: VerificationReport, asked: ReportQuestion) -> bool:
    question = ReportQuestion.of(report.content)
    return all(
        getattr(asked, name) in (None, getattr(question, name))
        for name in ("start", "end", "version", "as_of")
    )
