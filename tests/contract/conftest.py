"""The stores that live in a database, as one set per kind of database, and their fakes.

PostgreSQL and Db2 take part where a server is at hand, see `tests.servers`. What one of them cannot
do is left out by the name of the capability, see `tests.databases`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from sqlalchemy import Engine

from crispml_core.adapters.sql.alias_log import SqlAliasLog
from crispml_core.adapters.sql.approval_log import SqlApprovalLog
from crispml_core.adapters.sql.audit.log import SqlAuditLog
from crispml_core.adapters.sql.audit.seals import SqlSeals
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.databases.options import EngineOptions
from crispml_core.adapters.sql.dataset_notes import SqlDataSetNotes
from crispml_core.adapters.sql.drift_store import SqlDriftStore
from crispml_core.adapters.sql.erasure_log import SqlErasureLog
from crispml_core.adapters.sql.event_log import SqlEventLog
from crispml_core.adapters.sql.health_log import SqlHealthLog
from crispml_core.adapters.sql.import_log import SqlImportLog
from crispml_core.adapters.sql.journal_leases import SqlJournalLeases
from crispml_core.adapters.sql.key_store import SqlKeyStore
from crispml_core.adapters.sql.label_counts import SqlLabelCounts
from crispml_core.adapters.sql.labels.store import SqlLabelStore
from crispml_core.adapters.sql.monitor_store import SqlMonitorStore
from crispml_core.adapters.sql.outbox import SqlOutbox
from crispml_core.adapters.sql.report_store import SqlReportStore
from crispml_core.adapters.sql.retention.store import SqlRetentionStore
from crispml_core.adapters.sql.run_store import SqlRunStore
from crispml_core.adapters.sql.schema.tables import metadata
from crispml_core.adapters.sql.score_counts import SqlScoreCounts
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.adapters.sql.subject_keys import SqlSubjectKeys
from crispml_core.adapters.sql.subject_rows import SqlSubjectRows
from crispml_core.domain.scores import (
    Encoding,
    Score,
    ScoreGroup,
    ScoreRows,
    chain_root,
    new_group_id,
)
from crispml_core.ports.alias_log import AliasLog
from crispml_core.ports.approval_log import ApprovalLog
from crispml_core.ports.audit_log import AuditLog, Seals
from crispml_core.ports.dataset_notes import DataSetNotes
from crispml_core.ports.drift_store import DriftStore, LabelCounts
from crispml_core.ports.erasure_log import ErasureLog
from crispml_core.ports.event_log import EventLog
from crispml_core.ports.health_log import HealthLog
from crispml_core.ports.import_log import ImportLog
from crispml_core.ports.journal_leases import JournalLeases
from crispml_core.ports.key_store import KeyStore
from crispml_core.ports.label_store import LabelStore
from crispml_core.ports.monitor_store import MonitorStore
from crispml_core.ports.outbox import Outbox
from crispml_core.ports.report_store import ReportStore
from crispml_core.ports.retention_store import RetentionStore
from crispml_core.ports.run_store import RunStore
from crispml_core.ports.score_counts import ScoreCounts
from crispml_core.ports.score_ledger import ScoreLedger
from crispml_core.ports.subject_keys import SubjectKeys
from crispml_core.ports.subject_rows import SubjectRows
from crispml_core.testing.fakes.alias_log import FakeAliasLog
from crispml_core.testing.fakes.approval_log import FakeApprovalLog
from crispml_core.testing.fakes.audit_log import FakeAuditLog, FakeSeals
from crispml_core.testing.fakes.dataset_notes import FakeDataSetNotes
from crispml_core.testing.fakes.drift_store import FakeDriftStore, FakeLabelCounts
from crispml_core.testing.fakes.erasure_log import FakeErasureLog
from crispml_core.testing.fakes.event_log import FakeEventLog
from crispml_core.testing.fakes.health_log import FakeHealthLog
from crispml_core.testing.fakes.import_log import FakeImportLog
from crispml_core.testing.fakes.journal_leases import FakeJournalLeases
from crispml_core.testing.fakes.key_store import FakeKeyStore
from crispml_core.testing.fakes.label_store import FakeLabelStore
from crispml_core.testing.fakes.monitor_store import FakeMonitorStore
from crispml_core.testing.fakes.outbox import FakeOutbox
from crispml_core.testing.fakes.report_store import FakeReportStore
from crispml_core.testing.fakes.retention_store import FakeRetentionStore, shelves_of
from crispml_core.testing.fakes.run_store import FakeRunStore
from crispml_core.testing.fakes.score_counts import FakeScoreCounts
from crispml_core.testing.fakes.score_ledger import FakeScoreLedger
from crispml_core.testing.fakes.subject_keys import FakeSubjectKeys
from crispml_core.testing.fakes.subject_rows import FakeSubjectRows
from tests.contract.drift_reference import COUNTER
from tests.databases import params
from tests.servers import own_database, own_schema, upgraded


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, 0, 123456, UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


@dataclass
class Stores:
    """Everything one database holds, under one clock."""

    clock: Clock
    runs: RunStore
    aliases: AliasLog
    ledger: ScoreLedger
    events: EventLog
    labels: LabelStore
    reports: ReportStore
    notes: DataSetNotes
    counts: ScoreCounts
    health: HealthLog
    imports: ImportLog
    drift: DriftStore
    label_counts: LabelCounts
    findings: MonitorStore
    outbox: Outbox
    subject_keys: SubjectKeys
    retention: RetentionStore
    erasures: ErasureLog
    subject_rows: SubjectRows
    audit: AuditLog
    seals: Seals
    keys: KeyStore
    approvals: ApprovalLog
    journal_leases: JournalLeases
    url: str = ""
    """Of the database, for another process."""

    def group(self, *record_keys: str, **changes: Any) -> ScoreGroup:
        """Make a group with one score per record key, scored now, that follows on its writer."""
        rows = len(record_keys)
        prediction = changes.pop("prediction", "bad")
        probability = changes.pop("probability", 0.25)
        is_number = isinstance(prediction, float)
        writer_id = changes.pop("writer_id", "writer-a")
        last, previous = self.ledger.last_root(writer_id)
        sequence = changes.pop("sequence", last + 1)
        digests = bytes(range(32)) * rows
        facts: dict[str, Any] = {
            "group_id": new_group_id(),
            "use_case": "credit",
            "model": "credit",
            "version": "v1",
            "alias": "champion",
            "created_at": self.clock(),
            "classes": () if is_number else ("bad", "good"),
            "scores": ScoreRows(
                record_keys=list(record_keys),
                predictions=[prediction] * rows,
                probabilities=[None if is_number else probability] * rows,
                segments=['{"sex":"f"}'] * rows,
                request_ids=[f"r-{row}" for row in range(rows)],
            ),
            "inputs": bytes(range(256)),
            "encoding": Encoding.ROWS,
        }
        return ScoreGroup(
            **facts | changes,
            writer_id=writer_id,
            sequence=sequence,
            row_digests=digests,
            root=chain_root(previous, writer_id, sequence, digests),
            previous_root=previous,
        )

    def score(self, *record_keys: str, **changes: Any) -> list[Score]:
        """Commit one group with one score per record key, scored now."""
        group = self.group(*record_keys, **changes)
        self.ledger.append([group])
        return [group.score(row) for row in range(group.rows)]


def fake_stores() -> Stores:
    """Return the fakes of all stores."""
    clock = Clock()
    ledger, outbox, audit = FakeScoreLedger(), FakeOutbox(), FakeAuditLog()
    subject_keys = FakeSubjectKeys()
    runs, reports = FakeRunStore(clock=clock), FakeReportStore()
    labels = FakeLabelStore(ledger, clock=clock)
    return Stores(
        clock,
        runs,
        FakeAliasLog(clock=clock, environment="qa"),
        ledger,
        FakeEventLog(ledger),
        labels,
        reports,
        FakeDataSetNotes(clock=clock),
        FakeScoreCounts(ledger),
        FakeHealthLog(clock=clock),
        FakeImportLog(),
        drift=FakeDriftStore(ledger, COUNTER),
        label_counts=FakeLabelCounts(ledger),
        findings=FakeMonitorStore(outbox),
        outbox=outbox,
        subject_keys=subject_keys,
        erasures=FakeErasureLog(subject_keys),
        subject_rows=FakeSubjectRows(ledger),
        retention=FakeRetentionStore(shelves_of(ledger, labels, reports, runs, outbox), audit),
        audit=audit,
        seals=FakeSeals(audit),
        keys=FakeKeyStore(),
        approvals=FakeApprovalLog(),
        journal_leases=FakeJournalLeases(),
    )


@contextmanager
def _sqlite(tmp_path: Any, empty: Any) -> Iterator[Stores]:
    file = shutil.copy(empty("sqlite"), tmp_path / "stores.db")
    engine = make_engine(f"sqlite:///{file}")
    yield replace(sql_stores(engine), url=f"sqlite:///{file}")
    engine.dispose()


@contextmanager
def _of_server(kind: str, empty: Any) -> Iterator[Stores]:
    # As in the services: of transactions at once a database may undo all but one.
    engine = make_engine(empty(kind), options=EngineOptions(retry_s=10))
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    yield replace(sql_stores(engine), url=empty(kind))
    engine.dispose()


def sql_stores(engine: Engine) -> Stores:
    """Return the stores of a migrated database."""
    clock = Clock()
    return Stores(
        clock,
        SqlRunStore(engine, clock=clock),
        SqlAliasLog(engine, clock=clock, environment="qa"),
        SqlScoreLedger(engine),
        SqlEventLog(engine),
        SqlLabelStore(engine, clock=clock),
        SqlReportStore(engine),
        SqlDataSetNotes(engine, clock=clock),
        SqlScoreCounts(engine),
        SqlHealthLog(engine, clock=clock),
        SqlImportLog(engine),
        drift=SqlDriftStore(engine, COUNTER),
        label_counts=SqlLabelCounts(engine),
        findings=SqlMonitorStore(engine),
        outbox=SqlOutbox(engine),
        subject_keys=SqlSubjectKeys(engine),
        erasures=SqlErasureLog(engine),
        subject_rows=SqlSubjectRows(engine),
        retention=SqlRetentionStore(engine),
        audit=SqlAuditLog(engine),
        seals=SqlSeals(engine),
        keys=SqlKeyStore(engine),
        approvals=SqlApprovalLog(engine),
        journal_leases=SqlJournalLeases(engine, clock=clock),
    )


OWN = {"postgresql": own_database, "db2": own_schema}


@pytest.fixture(scope="session")
def empty(tmp_path_factory):
    """Returns a migrated database of a kind, made once: to migrate for each test takes longer."""

    @cache
    def made(kind):
        if kind in OWN:
            return upgraded(OWN[kind]())
        file = tmp_path_factory.mktemp("sqlite") / "empty.db"
        upgraded(f"sqlite:///{file}")
        return file

    return made


@pytest.fixture(params=params())
def stores(request, tmp_path, empty):
    if request.param == "fake":
        yield fake_stores()
        return
    opened = (
        _sqlite(tmp_path, empty) if request.param == "sqlite" else _of_server(request.param, empty)
    )
    with opened as found:
        yield found
