"""A use case with a champion and a challenger, for tests of both."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import pyarrow as pa

from crispml_core.adapters.journal import FileJournals
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.schema.migrate import upgrade
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.ports.scorer import Answers
from crispml_core.serving.direct_commits import DirectCommits
from crispml_core.serving.durable_ledger import DurableLedger
from crispml_core.serving.engine import ScoringEngine
from crispml_core.serving.ledger_writer import LedgerWriter
from crispml_core.serving.live_models import LiveModels
from crispml_core.serving.loaded_versions import LoadedVersions
from crispml_core.serving.scored import ScoreCall
from crispml_core.serving.shadow import ShadowScores
from crispml_core.tables.schema import arrow_schema
from crispml_core.testing.fakes.alias_log import FakeAliasLog

CHAMPION, CHALLENGER = "v1", "v2"
CALL = ScoreCall(use_case="toy", request_id="r-1")


class Scorer:
    """Answers with the amount divided by what its version says, after it did what it is told."""

    plan, size_bytes = None, 100

    def __init__(self, version, divisor, *, is_fast=True):
        self.is_fast, self.divisor = is_fast, divisor
        self.manifest = SimpleNamespace(
            model="toy", version=version, classes=("no", "yes"), conformal=None, masked=False
        )
        self.before = lambda: None

    def answer_rows(self, rows):
        return self._answers([row[1] for row in rows])

    def answer_columns(self, batch):
        return self._answers(batch.column(1).to_pylist())

    def _answers(self, amounts):
        self.before()
        found = [amount / self.divisor for amount in amounts]
        return Answers(["yes"] * len(found), found, ["{}"] * len(found))


class World:
    """A use case with a champion, a challenger, and a real ledger."""

    def __init__(self, toy, folder):
        url = f"sqlite:///{folder / 'ledger.db'}"
        upgrade(url)
        self.toy = toy
        self.engine = make_engine(url)
        self.ledger, self.aliases = SqlScoreLedger(self.engine), FakeAliasLog()
        self.scorers = {
            CHAMPION: Scorer(CHAMPION, 1000), CHALLENGER: Scorer(CHALLENGER, 2000, is_fast=False)
        }  # fmt: skip
        self.broken = {}
        self.folder = folder
        self.outcomes, self.events = {}, []
        self.aliases.move("toy", "champion", CHAMPION, expected=None)

    def challenge(self, traffic=0.0):
        self.aliases.move("toy", "challenger", CHALLENGER, expected="*", traffic=traffic)

    def load(self, use_case, version):
        if version in self.broken:
            raise self.broken[version]
        return self.scorers[version]

    def run(self, scenario, capacity=100_000):
        async def whole():
            durable = DurableLedger(self.ledger, FileJournals(self.folder / "journal"))
            live = LiveModels(
                {"toy": self.toy},
                LoadedVersions(self.load, 10_000),
                self.aliases.highest,
                self.aliases.aliases,
            )
            own = SqlScoreLedger(self.engine)
            shadow = ShadowScores(LedgerWriter(own, DirectCommits(own)), capacity=capacity)
            writer = LedgerWriter(self.ledger, durable)
            engine = ScoringEngine(live, self.ledger, writer, durable, shadow=shadow)
            engine.watch(lambda rows, seconds: None, self.events.append)
            shadow.watch(self._count, engine.note)
            self.settle(live)
            try:
                return await scenario(engine)
            finally:
                await asyncio.get_running_loop().run_in_executor(None, engine.close)

        return asyncio.run(whole())

    def settle(self, live):
        """Let the challenger be loaded, which a thread of its own does."""
        for _ in range(50):
            live.refresh()
            if "challenger" not in self.aliases.aliases("toy") or self.broken:
                break
            if live.find("toy", "champion").challenger is not None:
                break
            time.sleep(0.01)

    def _count(self, served, outcome, rows):
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + rows

    def groups(self):
        query = "SELECT group_id FROM score_groups ORDER BY group_no"
        with self.engine.connect() as connection:
            ids = connection.exec_driver_sql(query).scalars().all()
        return [self.ledger.group(group_id) for group_id in ids]


def rows_of(*amounts):
    return [(f"O-{amount}", float(amount), 1, "web", None) for amount in amounts]


async def until(condition):
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


def columns_of(toy, amounts):
    return pa.RecordBatch.from_arrays(
        [
            pa.array(column, kind)
            for column, kind in zip(
                zip(*rows_of(*amounts), strict=True), arrow_schema(toy.schema).types, strict=True
            )
        ],
        schema=arrow_schema(toy.schema),
    )


def breaks():
    raise RuntimeError("CANARY")
