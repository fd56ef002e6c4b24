"""Verdicts on versions as rows, numbered per model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select

from crispml_core.adapters.sql.databases.engine import reading, writing
from crispml_core.adapters.sql.databases.errors import ConstraintBroken
from crispml_core.adapters.sql.databases.retries import retried
from crispml_core.adapters.sql.schema.idempotency import check_fingerprint, key_digest
from crispml_core.adapters.sql.schema.tables import version_health
from crispml_core.domain.errors import Conflict
from crispml_core.domain.health import HealthPolicy, HealthVerdict, weigh
from crispml_core.domain.identifiers import utc_now

_FIELDS = tuple(field.name for field in fields(HealthVerdict))
_ATTEMPTS = 10


class SqlHealthLog:
    """What was judged, in a SQL database; see `crispml_core.ports.health_log.HealthLog`.

    Two verdicts on one model at once compute the same number; the primary key lets one of them in,
    and the other is weighed again with what it finds then.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    clock : callable
        Returns the current moment in UTC.
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine, self._clock = engine, clock

    @retried
    def judge(
        self,
        model: str,
        version: str,
        *,
        healthy: bool,
        reason: str,
        policy: HealthPolicy,
        judged_by: str = "",
        evidence: str = "",
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> HealthVerdict:
        """Append a verdict, weighed with the one before by `policy`."""
        digest = key_digest((model, version), idempotency_key)
        for _ in range(_ATTEMPTS):
            try:
                with writing(self._engine) as connection:
                    if (earlier := _known(connection, digest, fingerprint)) is not None:
                        return earlier
                    last = _newest(connection, model)
                    streak, fit = weigh(_newest(connection, model, version), healthy, policy)
                    now = self._clock()
                    verdict = HealthVerdict(
                        model=model,
                        version=version,
                        sequence=last.sequence + 1 if last else 1,
                        healthy=healthy,
                        streak=streak,
                        fit=fit,
                        reason=reason,
                        # Clocks of two processes differ; times must not contradict the sequence.
                        judged_at=max(now, last.judged_at) if last else now,
                        judged_by=judged_by,
                        evidence=evidence,
                    )
                    key = {
                        "idempotency_digest": digest,
                        "fingerprint": fingerprint if digest else None,
                    }
                    connection.execute(insert(version_health).values({**asdict(verdict), **key}))
                return verdict
            except ConstraintBroken:
                continue
        raise Conflict("versions of this model keep being judged: try again")

    @retried
    def current(self, model: str) -> dict[str, HealthVerdict]:
        """Return the newest verdict on every version of the model that was judged."""
        newest = (
            select(func.max(version_health.c.sequence))
            .where(version_health.c.model == model)
            .group_by(version_health.c.version)
        )
        query = select(version_health).where(
            version_health.c.model == model, version_health.c.sequence.in_(newest)
        )
        with reading(self._engine) as connection:
            return {row.version: _verdict(row) for row in connection.execute(query)}

    @retried
    def highest(self) -> dict[str, int]:
        """Return the sequence of the newest verdict of every model."""
        query = select(version_health.c.model, func.max(version_health.c.sequence)).group_by(
            version_health.c.model
        )
        with reading(self._engine) as connection:
            return dict(connection.execute(query).tuples().all())

    @retried
    def history(self, model: str, version: str) -> list[HealthVerdict]:
        """Return every verdict on a version, newest first."""
        query = (
            select(version_health)
            .where(version_health.c.model == model, version_health.c.version == version)
            .order_by(version_health.c.sequence.desc())
        )
        with reading(self._engine) as connection:
            return [_verdict(row) for row in connection.execute(query)]


def _newest(connection: Connection, model: str, version: str | None = None) -> HealthVerdict | None:
    query = select(version_health).where(version_health.c.model == model)
    if version is not None:
        query = query.where(version_health.c.version == version)
    row = connection.execute(
        query.order_by(version_health.c.sequence.desc()).limit(1)
    ).one_or_none()
    return None if row is None else _verdict(row)


def _known(connection: Connection, digest: str | None, fingerprint: str) -> HealthVerdict | None:
    if digest is None:
        return None
    query = select(version_health).where(version_health.c.idempotency_digest == digest)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    check_fingerprint(row.fingerprint, fingerprint)
    return _verdict(row)


def _verdict(row: Row[Any]) -> HealthVerdict:
    return HealthVerdict(**{name: getattr(row, name) for name in _FIELDS})
