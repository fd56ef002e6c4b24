"""The stores that live in a database, as one set per kind of database, and their fakes.

Another database joins by one more function in `KINDS`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crispml_core.adapters.sql import migrate
from crispml_core.adapters.sql.alias_log import SqlAliasLog
from crispml_core.adapters.sql.engine import make_engine
from crispml_core.adapters.sql.label_store import SqlLabelStore
from crispml_core.adapters.sql.report_store import SqlReportStore
from crispml_core.adapters.sql.run_store import SqlRunStore
from crispml_core.adapters.sql.score_ledger import SqlScoreLedger
from crispml_core.domain.identifiers import new_id
from crispml_core.domain.scores import Score, ScoreGroup, chain_root
from crispml_core.ports.alias_log import AliasLog
from crispml_core.ports.label_store import LabelStore
from crispml_core.ports.report_store import ReportStore
from crispml_core.ports.run_store import RunStore
from crispml_core.ports.score_ledger import ScoreLedger
from crispml_core.testing.fakes.alias_log import FakeAliasLog
from crispml_core.testing.fakes.label_store import FakeLabelStore
from crispml_core.testing.fakes.report_store import FakeReportStore
from crispml_core.testing.fakes.run_store import FakeRunStore
from crispml_core.testing.fakes.score_ledger import FakeScoreLedger


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
    labels: LabelStore
    reports: ReportStore

    def score(self, *record_keys: str, use_case: str = "credit", **changes: Any) -> list[Score]:
        """Commit one group with one score per record key, scored now."""
        writer = changes.pop("writer_id", "writer-a")
        sequence, previous = self.ledger.last_root(writer)
        facts = {"use_case": use_case, "model": "credit", "version": "v1", "request_id": "r-1"}
        shared = facts | {"scored_at": self.clock()} | changes
        group_id = str(new_id())
        scores = [
            Score(
                **{"prediction": "bad", "probability": 0.75} | shared,
                score_id=str(new_id()),
                group_id=group_id,
                row=row,
                record_key=key,
                probabilities={"bad": 0.75, "good": 0.25},
                segments={"sex": "f"},
            )
            for row, key in enumerate(record_keys)
        ]
        digests = bytes(32 * len(scores))
        group = ScoreGroup(
            group_id=group_id,
            writer_id=writer,
            sequence=sequence + 1,
            use_case=shared["use_case"],
            model=shared["model"],
            version=shared["version"],
            alias="champion",
            created_at=self.clock(),
            request_id=shared["request_id"],
            rows=len(scores),
            inputs=b"\x00inputs",
            row_digests=digests,
            root=chain_root(previous, writer, sequence + 1, digests),
            previous_root=previous,
        )
        self.ledger.append(group, scores)
        return scores


@contextmanager
def _fake(tmp_path: Any, empty: Any) -> Iterator[Stores]:
    clock = Clock()
    ledger = FakeScoreLedger()
    yield Stores(
        clock,
        FakeRunStore(clock=clock),
        FakeAliasLog(clock=clock),
        ledger,
        FakeLabelStore(ledger, clock=clock),
        FakeReportStore(),
    )


@contextmanager
def _sqlite(tmp_path: Any, empty: Any) -> Iterator[Stores]:
    file = shutil.copy(empty, tmp_path / "stores.db")
    engine = make_engine(f"sqlite:///{file}")
    clock = Clock()
    yield Stores(
        clock,
        SqlRunStore(engine, clock=clock),
        SqlAliasLog(engine, clock=clock),
        SqlScoreLedger(engine),
        SqlLabelStore(engine, clock=clock),
        SqlReportStore(engine),
    )
    engine.dispose()


KINDS = {"fake": _fake, "sqlite": _sqlite}


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory):
    """A migrated SQLite file: copying it is quicker than to migrate for each test."""
    file = tmp_path_factory.mktemp("sqlite") / "empty.db"
    migrate.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(params=list(KINDS))
def stores(request, tmp_path, empty_sqlite):
    with KINDS[request.param](tmp_path, empty_sqlite) as opened:
        yield opened
