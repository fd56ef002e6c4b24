"""Deletes what is too old, and remembers that it did."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select

from crispml_core.adapters.sql.audit.log import SqlAuditLog, append_entries
from crispml_core.adapters.sql.databases.engine import reading
from crispml_core.adapters.sql.databases.retries import retried
from crispml_core.adapters.sql.retention.old_rows import OLD_ROWS, Found
from crispml_core.adapters.sql.retention.old_scores import count_scores, find_scores
from crispml_core.adapters.sql.schema.tables import prunings
from crispml_core.adapters.sql.scores.marks import Overtaken
from crispml_core.domain.audit import AuditEntry
from crispml_core.domain.errors import Conflict
from crispml_core.domain.retention import Pruning, Retained, RetentionRule, key_digest

_MOST, _PAGE = 5_000, 200
# Of two that want the same rows one waits a moment, and finds others then.
_ATTEMPTS, _PAUSE_S = 20, 0.05


class SqlRetentionStore:
    """Rows that grow old in a SQL database; see `crispml_core.ports.retention_store`.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    environment : str
        In each entry of the audit log.
    """

    def __init__(self, engine: Engine, *, environment: str = "") -> None:
        self._engine, self._environment = engine, environment

    @retried
    def due(self, rule: RetentionRule, cutoff: datetime) -> int:
        """Return how many rows are too old."""
        with reading(self._engine) as connection:
            if rule.table is Retained.SCORES:
                return count_scores(connection, rule, cutoff)
            return OLD_ROWS[rule.table].count(connection, rule, cutoff)

    def prune(
        self, rule: RetentionRule, cutoff: datetime, *, at: datetime, limit: int
    ) -> Pruning | None:
        """Delete at most `limit` rows that are too old, and keep the pruning, in one transaction.

        Raises
        ------
        Conflict
            If others delete or add the same rows again and again.
        """
        for _ in range(_ATTEMPTS):
            try:
                return self._prune(rule, cutoff, at, min(limit, _MOST))
            except Overtaken:
                time.sleep(random.uniform(0, _PAUSE_S))  # noqa: S311 - no secret
        raise Conflict("somebody else applies the same rule of retention: wait until it has ended")

    def _prune(
        self, rule: RetentionRule, cutoff: datetime, at: datetime, limit: int
    ) -> Pruning | None:
        found = self._find(rule, cutoff, limit)
        if not found.keys:
            return None
        pruning = Pruning.of(rule, found.keys, cutoff=cutoff, at=at)

        def delete(connection: Connection, entries: Sequence[AuditEntry]) -> None:
            found.delete(connection)
            kept = replace(pruning, audit_sequence=entries[0].sequence)
            connection.execute(insert(prunings).values(_row(kept)))

        (entry,) = append_entries(self._engine, [pruning.to_event(self._environment)], delete)
        return replace(pruning, audit_sequence=entry.sequence)

    @retried
    def _find(self, rule: RetentionRule, cutoff: datetime, limit: int) -> Found:
        with reading(self._engine) as connection:
            if rule.table is Retained.SCORES:
                return find_scores(connection, rule, cutoff, limit)
            return OLD_ROWS[rule.table].find(connection, rule, cutoff, limit)

    @retried
    def prunings(
        self, *, table: Retained | None = None, limit: int = 50, before: str | None = None
    ) -> list[Pruning]:
        """Return prunings, newest first, older than the pruning `before`."""
        query = select(prunings).order_by(prunings.c.pruning_id.desc()).limit(limit)
        if table is not None:
            query = query.where(prunings.c.table_name == table.value)
        if before is not None:
            query = query.where(prunings.c.pruning_id < before)
        with reading(self._engine) as connection:
            return [_pruning(row) for row in connection.execute(query)]

    def pruned(self, table: Retained, keys: Sequence[str]) -> set[str]:
        """Return those of some keys whose rows were deleted by a rule."""
        wanted = {key_digest(key): key for key in keys}
        found: set[str] = set()
        before: str | None = None
        while len(found) < len(wanted):
            page = self.prunings(table=table, limit=_PAGE, before=before)
            if not page:
                break
            for pruning in self._vouched_for(page):
                found.update(wanted[digest] for digest in pruning.digests() if digest in wanted)
            before = page[-1].pruning_id
        return found

    def _vouched_for(self, page: Sequence[Pruning]) -> Iterator[Pruning]:
        """Yield the prunings that are in the audit log as they are here."""
        log = SqlAuditLog(self._engine)
        entries = {e.sequence: e for e in log.at([pruning.audit_sequence for pruning in page])}
        for pruning in page:
            entry = entries.get(pruning.audit_sequence)
            if entry is not None and pruning.is_vouched_for(entry.event):
                yield pruning


def _row(pruning: Pruning) -> dict[str, Any]:
    return {
        "pruning_id": pruning.pruning_id,
        "table_name": pruning.table.value,
        "use_case": pruning.use_case,
        "days": pruning.days,
        "cutoff": pruning.cutoff,
        "pruned_at": pruning.pruned_at,
        "row_count": pruning.rows,
        "digest": pruning.digest,
        "audit_sequence": pruning.audit_sequence,
        "key_digests": pruning.key_digests,
    }


def _pruning(row: Row[Any]) -> Pruning:
    return Pruning(
        table=Retained(row.table_name),
        use_case=row.use_case,
        days=row.days,
        cutoff=row.cutoff,
        pruned_at=row.pruned_at,
        key_digests=row.key_digests,
        audit_sequence=row.audit_sequence,
        pruning_id=row.pruning_id,
    )
