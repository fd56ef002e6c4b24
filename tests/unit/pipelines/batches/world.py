"""A volume, a ledger and a scorer for batches, and what kills who works on them."""

import json
import os
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq

from crispml_core.adapters.local_compute import LocalCompute
from crispml_core.adapters.volume.batch_store import VolumeBatchStore
from crispml_core.domain.errors import (
    StoreUnavailable,
)
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.runs import Run, RunStatus
from crispml_core.methods.new_data_score import NewDataScore
from crispml_core.pipelines.batches.partitions import BatchTasks
from crispml_core.pipelines.batches.requests import BatchJob
from crispml_core.pipelines.batches.scoring import BatchScoring, BatchStores
from crispml_core.pipelines.batches.worker import BatchWorker, WorkerStores
from crispml_core.ports.compute import no_look
from crispml_core.ports.progress import no_run_progress
from crispml_core.ports.scorer import Answers
from crispml_core.serving.active import Active
from crispml_core.serving.ledger_writer import LedgerWriter, Served
from crispml_core.testing.fakes.score_ledger import FakeScoreLedger
from crispml_core.testing.fakes.timing_log import FakeTimingLog

JOB = BatchJob(parquet="orders.parquet", sink="scores/2026", chunk_rows=40, version="v1")


class Killed(BaseException):
    """Stands for SIGKILL: nothing handles it."""


class Durable:
    """Commits straight to a ledger, and can be away or be killed before or after a commit."""

    def __init__(self, ledger):
        self.ledger, self.commits = ledger, 0
        self.away = 0
        self.before, self.after = None, None

    def commit(self, groups, events, *, wait=True):
        if self.away:
            self.away -= 1
            raise StoreUnavailable("the database is away")
        if self.commits == self.before:
            raise Killed
        self.ledger.append(groups, events)
        self.commits += 1
        if self.commits == self.after:
            raise Killed
        return "database"


class Scorer:
    """Answers by the amount, so that each answer tells its record."""

    def __init__(self):
        self.rows = 0

    def answer_columns(self, batch):
        amounts = batch.column("amount").to_pylist()
        self.rows += len(amounts)
        segments = [json.dumps({"channel": name}) for name in batch.column("channel").to_pylist()]
        return Answers(
            ["yes" if amount > 500 else "no" for amount in amounts],
            [amount / 1000 for amount in amounts],
            segments,
        )


class World:
    """A volume, a ledger and a scorer; every call of `execute` is a new worker."""

    def __init__(self, toy, root):
        self.toy, self.root = toy, root
        self.store, self.ledger, self.scorer = VolumeBatchStore(root), FakeScoreLedger(), Scorer()
        self.versions, self.queries = [], []
        self.durable, self.patience_s = Durable(self.ledger), 5.0
        self.compute = LocalCompute()

    def worker(self):
        """Make what a process scores with."""
        stores = WorkerStores(
            batches=self.store,
            ledger=self.ledger,
            writer=LedgerWriter(self.ledger, self.durable),
            version=self.version,
            patience_s=self.patience_s,
        )
        return BatchWorker({"toy": self.toy}, stores)

    def execute(self, run, progress=no_run_progress):
        stores = BatchStores(
            batches=self.store,
            open_query=lambda *asked: self,
            timings=FakeTimingLog(),
            owner="owner",
            compute=self.compute,
            tasks=lambda use_case: BatchTasks(
                check=lambda each: self.worker().check(run, each, self.tell),
                score=lambda each: self.worker().score(run, each, self.tell),
            ),
        )
        return BatchScoring(self.worker(), stores).execute(run, progress)

    def tell(self, rows, stage=""):
        """Go on, as a worker elsewhere whose run is still running."""

    def version(self, use_case, version):
        self.versions.append(version)
        stored = self.toy.schema.clear
        served = Served("toy", "toy", version, None, self.toy.target.classes, stored)
        method = NewDataScore(self.toy, self.scorer)
        return Active(SimpleNamespace(use_case=self.toy, method=method), served)

    def read(self, selection):
        """Give what the query selects, which is never the same twice."""
        return iter(self.queries.pop(0))

    def scores(self, sink="scores/2026"):
        files = sorted((self.root / sink).glob("part-*.parquet"))
        return pa.concat_tables(pq.read_table(file) for file in files)

    def in_ledger(self):
        return self.ledger.find(limit=10_000)[::-1]


class Elsewhere:
    """A cluster in this process: it does partitions in any order, loses results, and is killed.

    Parameters
    ----------
    again : int
        How many times more each partition is done, as if its first worker had been thought dead.
    """

    is_here = False

    def __init__(self, *, is_reversed=False, again=0):
        self.is_reversed, self.again, self.partitions = is_reversed, again, []

    def map(self, task, parts, *, look=no_look):
        parts = list(parts)
        self.partitions += parts
        found = {}
        for part in reversed(parts) if self.is_reversed else parts:
            for _ in range(1 + self.again):
                found[part] = task(part)
            look()
        yield from (found[part] for part in parts)


def a_run(job=JOB, **changes):
    facts = {
        "id": str(new_id()),
        "use_case": "toy",
        "method": "new-data-score",
        "status": RunStatus.RUNNING,
        "parameters": job.parameters(),
        "created_at": utc_now(),
        "timeout_s": 60.0,
        "request_id": "r-1",
    }
    return Run(**facts | changes)


def check_complete(world, orders):
    """Every record has exactly one score, in the sink and in the ledger, and they are the same."""
    scores, stored = world.scores(), world.in_ledger()
    assert scores["record_key"].to_pylist() == orders["order_id"].to_pylist()
    assert scores["probability"].to_pylist() == [x / 1000 for x in orders["amount"].to_pylist()]
    assert [score.score_id for score in stored] == scores["score_id"].to_pylist()
    assert [score.record_key for score in stored] == scores["record_key"].to_pylist()
    assert [score.probability for score in stored] == scores["probability"].to_pylist()
    assert sorted(os.listdir(world.root)) == ["orders.parquet", "scores"]
