"""Rows that grow too old, in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crispml_core.domain.alerts import DeliveryStatus
from crispml_core.domain.retention import (
    Pruning,
    Retained,
    RetentionRule,
    key_digest,
    score_group_key,
)
from crispml_core.testing.fakes.audit_log import FakeAuditLog
from crispml_core.testing.fakes.label_store import FakeLabelStore
from crispml_core.testing.fakes.outbox import FakeOutbox
from crispml_core.testing.fakes.report_store import FakeReportStore
from crispml_core.testing.fakes.run_store import FakeRunStore
from crispml_core.testing.fakes.score_ledger import FakeScoreLedger


@dataclass(frozen=True, slots=True)
class AgingRow:
    """One row: its key, its moment, whose it is, and how it is removed."""

    key: str
    moment: datetime
    use_case: str | None
    remove: Callable[[], object]


Shelf = Callable[[], Iterable[AgingRow]]


class FakeRetentionStore:
    """Removes what rules say is too old from other fakes.

    Parameters
    ----------
    shelves : mapping
        By table, what returns the rows that may grow too old.
    log : FakeAuditLog, optional
        Gets an entry with each pruning.
    """

    def __init__(self, shelves: Mapping[Retained, Shelf], log: FakeAuditLog | None = None) -> None:
        self._shelves, self._log = shelves, log or FakeAuditLog()
        self._lock = threading.Lock()
        self._prunings: list[Pruning] = []

    def due(self, rule: RetentionRule, cutoff: datetime) -> int:
        """Return how many rows are too old."""
        return len(self._old(rule, cutoff))

    def prune(
        self, rule: RetentionRule, cutoff: datetime, *, at: datetime, limit: int
    ) -> Pruning | None:
        """Delete at most `limit` rows that are too old, and keep the pruning."""
        with self._lock:
            old = self._old(rule, cutoff)[:limit]
            if not old:
                return None
            for row in old:
                row.remove()
            pruning = Pruning.of(rule, (row.key for row in old), cutoff=cutoff, at=at)
            (entry,) = self._log.append([pruning.to_event("")])
            pruning = replace(pruning, audit_sequence=entry.sequence)
            self._prunings.append(pruning)
            return pruning

    def prunings(
        self, *, table: Retained | None = None, limit: int = 50, before: str | None = None
    ) -> list[Pruning]:
        """Return prunings, newest first, older than the pruning `before`."""
        found = [
            pruning
            for pruning in self._prunings
            if table in (None, pruning.table) and (before is None or pruning.pruning_id < before)
        ]
        return sorted(found, key=lambda pruning: pruning.pruning_id, reverse=True)[:limit]

    def pruned(self, table: Retained, keys: Sequence[str]) -> set[str]:
        """Return those of some keys whose rows were deleted by a rule."""
        of_table = [pruning for pruning in self._prunings if pruning.table is table]
        gone = {digest for pruning in of_table for digest in pruning.digests()}
        return {key for key in keys if key_digest(key) in gone}

    def _old(self, rule: RetentionRule, cutoff: datetime) -> list[AgingRow]:
        found = [
            row
            for row in self._shelves.get(rule.table, list)()
            if row.moment < cutoff
            and (row.use_case not in rule.but if rule.use_case is None else True)
            and rule.use_case in (None, row.use_case)
        ]
        return sorted(found, key=lambda row: (row.moment, row.key))


def shelves_of(
    ledger: FakeScoreLedger,
    labels: FakeLabelStore,
    reports: FakeReportStore,
    runs: FakeRunStore,
    outbox: FakeOutbox,
) -> dict[Retained, Shelf]:
    """Return the rows of some fakes by table."""

    def of_scores() -> Iterable[AgingRow]:
        for group in ledger.groups:
            key = score_group_key(group.writer_id, group.sequence, group.root)
            remove = _remover(ledger._groups, group.group_id)
            yield AgingRow(key, group.created_at, group.use_case, remove)

    def of_events() -> Iterable[AgingRow]:
        for event in list(ledger.events.values()):
            remove = _remover(ledger.events, event.event_id)
            yield AgingRow(event.event_id, event.occurred_at, event.use_case, remove)

    def of_labels() -> Iterable[AgingRow]:
        for label in list(ledger.labels):
            remove = _dropper(ledger.labels, label)
            yield AgingRow(label.label_id, label.received_at, label.use_case, remove)

    def of_imports() -> Iterable[AgingRow]:
        kept = {label.label_id for label in ledger.labels}
        for receipt in list(labels._receipts.values()):
            if not kept & set(receipt.label_ids):
                remove = _remover(labels._receipts, receipt.import_id)
                yield AgingRow(receipt.import_id, receipt.received_at, receipt.use_case, remove)

    def of_reports() -> Iterable[AgingRow]:
        for report in list(reports._reports.values()):
            remove = _remover(reports._reports, report.id)
            yield AgingRow(report.id, report.created_at, report.use_case, remove)

    def of_runs() -> Iterable[AgingRow]:
        for run in list(runs._runs.values()):
            if run.finished_at is not None:
                yield AgingRow(run.id, run.finished_at, run.use_case, _remover(runs._runs, run.id))

    def of_deliveries() -> Iterable[AgingRow]:
        for one in list(outbox._kept.values()):
            if one.status is not DeliveryStatus.PENDING:
                remove = _remover(outbox._kept, one.id)
                yield AgingRow(one.id, one.created_at, one.use_case, remove)

    return {
        Retained.SCORES: of_scores,
        Retained.SERVING_EVENTS: of_events,
        Retained.LABELS: of_labels,
        Retained.LABEL_IMPORTS: of_imports,
        Retained.REPORTS: of_reports,
        Retained.RUNS: of_runs,
        Retained.DELIVERIES: of_deliveries,
    }


def _remover(rows: dict[str, Any], key: str) -> Callable[[], object]:
    return lambda: rows.pop(key, None)


def _dropper(rows: list[Any], row: Any) -> Callable[[], object]:
    return lambda: rows.remove(row)
