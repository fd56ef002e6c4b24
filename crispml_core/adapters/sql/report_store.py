"""Verification reports as rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
from sqlalchemy import Engine, Row, insert, select

from crispml_core.adapters.sql.databases.engine import reading, writing
from crispml_core.adapters.sql.databases.errors import ConstraintBroken
from crispml_core.adapters.sql.databases.retries import retried
from crispml_core.adapters.sql.schema.idempotency import check_fingerprint, key_digest
from crispml_core.adapters.sql.schema.tables import reports
from crispml_core.domain.errors import Conflict, NotFound, ReportDamaged
from crispml_core.domain.reports import ReportQuestion, VerificationReport, content_digest


class SqlReportStore:
    """Reports in a SQL database; see `crispml_core.ports.report_store.ReportStore`.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @retried
    def add(
        self,
        report: VerificationReport,
        *,
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> VerificationReport:
        """Store a report, or return the one its idempotency key stored before."""
        digest = key_digest((report.use_case,), idempotency_key)
        earlier = self._known(digest, fingerprint)
        if earlier is not None:
            return earlier
        # As it will be read: a number that is none becomes null, a tuple a list.
        content = msgspec.json.decode(msgspec.json.encode(report.content))
        report = replace(report, content=content, digest=content_digest(content))
        values = {
            "id": report.id,
            "use_case": report.use_case,
            "created_at": report.created_at,
            "content": report.content,
            **_asked_columns(ReportQuestion.of(report.content)),
            "digest": report.digest,
            "idempotency_digest": digest,
            "fingerprint": fingerprint if digest else None,
        }
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(reports).values(values))
        except ConstraintBroken:
            earlier = self._known(digest, fingerprint)
            if earlier is None:
                raise Conflict("a report with this id is stored already") from None
            return earlier
        return report

    @retried
    def get(self, report_id: str) -> VerificationReport:
        """Return the report, or raise `NotFound`."""
        with reading(self._engine) as connection:
            row = connection.execute(select(reports).where(reports.c.id == report_id)).one_or_none()
        if row is None:
            raise NotFound("report")
        return _report(row)

    @retried
    def newest_ids(self, use_case: str, limit: int) -> list[str]:
        """Return the ids of the newest reports of a use case, out of the index alone."""
        query = (
            select(reports.c.id)
            .where(reports.c.use_case == use_case)
            .order_by(reports.c.id.desc())
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return list(connection.execute(query).scalars())

    @retried
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
        wanted = _asked_columns(asked or ReportQuestion()) | {
            "use_case": use_case,
            "digest": digest,
        }
        query = select(reports).order_by(reports.c.id.desc()).limit(limit)
        for name, value in wanted.items():
            if value is not None:
                query = query.where(reports.c[name] == value)
        if before is not None:
            query = query.where(reports.c.id < before)
        with reading(self._engine) as connection:
            return [_report(row) for row in connection.execute(query)]

    def _known(self, digest: str | None, fingerprint: str) -> VerificationReport | None:
        if digest is None:
            return None
        query = select(reports).where(reports.c.idempotency_digest == digest)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        check_fingerprint(row.fingerprint, fingerprint)
        return _report(row)


def _asked_columns(asked: ReportQuestion) -> dict[str, Any]:
    return {
        "window_start": asked.start,
        "window_end": asked.end,
        "version": asked.version,
        "as_of": asked.as_of,
    }


def _report(row: Row[Any]) -> VerificationReport:
    """Return a row as a report; one from before revision 0004 has no digest to hold it against."""
    digest = content_digest(row.content)
    if row.digest not in (None, digest):
        raise ReportDamaged("the content of a stored report was changed in the database")
    return VerificationReport(
        id=row.id,
        use_case=row.use_case,
        created_at=row.created_at,
        content=row.content,
        digest=digest,
    )
