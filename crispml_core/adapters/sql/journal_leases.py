"""Leases of journals as rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, delete, insert, select, update

from crispml_core.adapters.sql.databases.engine import reading, writing
from crispml_core.adapters.sql.databases.errors import ConstraintBroken
from crispml_core.adapters.sql.databases.retries import retried, retried_by_key
from crispml_core.adapters.sql.schema.tables import journal_leases
from crispml_core.domain.identifiers import utc_now
from crispml_core.ports.journal_leases import JournalLease

_this = journal_leases.c


class SqlJournalLeases:
    """See `crispml_core.ports.journal_leases.JournalLeases`.

    Every change is one statement that also says whose the lease must be, as for runs.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    clock : callable
        Returns the current moment in UTC. Only people read it: no lease is judged by it.
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine, self._clock = engine, clock

    @retried
    def held(self) -> Mapping[str, JournalLease]:
        """Return every lease that there is."""
        with reading(self._engine) as connection:
            found = connection.execute(select(_this.journal, _this.holder, _this.renewals))
            return {row.journal: JournalLease(row.holder, row.renewals) for row in found}

    def take(self, journal: str, seen: JournalLease | None, holder: str) -> bool:
        """Let `holder` have a lease that is still as it was seen; None: there was none."""
        if seen is None:
            return self._begin(journal, holder)
        unchanged = (_this.holder == seen.holder, _this.renewals == seen.renewals)
        if self._change(journal, *unchanged, holder=holder, renewals=seen.renewals + 1):
            return True
        # Or nobody was told that it was committed.
        return self._lease(journal) == JournalLease(holder, seen.renewals + 1)

    def renew(self, journal: str, holder: str) -> bool:
        """Let the lease be seen to be held; False when it is not the holder's any more."""
        return self._change(journal, _this.holder == holder, renewals=_this.renewals + 1)

    @retried_by_key
    def end(self, journal: str, holder: str) -> None:
        """Give up a lease; without effect when it is not the holder's."""
        with writing(self._engine) as connection:
            connection.execute(
                delete(journal_leases).where(_this.journal == journal, _this.holder == holder)
            )

    @retried_by_key  # who finds the row that this made finds the own name in it
    def _begin(self, journal: str, holder: str) -> bool:
        row = {"journal": journal, "holder": holder, "renewals": 1, "renewed_at": self._clock()}
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(journal_leases).values(row))
        except ConstraintBroken:
            return self._lease(journal) == JournalLease(holder, 1)
        return True

    @retried
    def _lease(self, journal: str) -> JournalLease | None:
        with reading(self._engine) as connection:
            row = connection.execute(
                select(_this.holder, _this.renewals).where(_this.journal == journal)
            ).one_or_none()
        return None if row is None else JournalLease(row.holder, row.renewals)

    @retried_by_key  # one renewal more than was meant says the same
    def _change(self, journal: str, *where: ColumnElement[bool], **values: Any) -> bool:
        change = update(journal_leases).where(_this.journal == journal, *where)
        with writing(self._engine) as connection:
            done = connection.execute(change.values(renewed_at=self._clock(), **values))
            return done.rowcount == 1
