"""A batch is scored once, whatever happens on the way."""

import json
import os
from dataclasses import replace
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crispml_core.adapters.local_compute import LocalCompute
from crispml_core.adapters.volume.batch_store import VolumeBatchStore
from crispml_core.domain.errors import (
    Conflict,
    InvalidInput,
    InvalidRecords,
    RunCancelled,
    StoreUnavailable,
)
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.runs import MethodTiming, Run, RunStatus
from crispml_core.domain.scores import score_id
from crispml_core.methods.new_data_score import NewDataScore
from crispml_core.pipelines.batches import patience
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


@pytest.fixture
def world(toy, tmp_path):
    return World(toy, tmp_path)


@pytest.fixture
def orders(world, toy_rows):
    """Write 100 orders as the source, in row groups that do not fit the chunks."""
    table = toy_rows(100).drop_columns(["returned"])
    pq.write_table(table, world.root / "orders.parquet", row_group_size=17)
    return table


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


def test_every_record_gets_one_score_in_the_ledger_and_in_the_sink(world, orders):
    run = a_run(replace(JOB, alias="champion", fallback=True))
    result = world.execute(run)

    check_complete(world, orders)
    scores = world.scores()
    first, last = scores["score_id"][0].as_py(), scores["score_id"][-1].as_py()
    assert result == {
        "rows": 100,
        "parts": 3,
        "sink": "scores/2026",
        "model": "toy",
        "version": "v1",
        "alias": "champion",
        "fallback": True,
        "first_score_id": first,
        "last_score_id": last,
    }
    assert scores.schema.field("prediction").type == pa.string()
    assert scores["segment_channel"].to_pylist() == orders["channel"].to_pylist()
    manifest = world.store.manifest("scores/2026")
    assert (manifest.run_id, [part.rows for part in manifest.parts]) == (run.id, [40, 40, 20])
    metadata = pq.read_metadata(world.root / "scores/2026/part-000001.parquet").metadata
    assert metadata[b"crispml.version"] == b"v1"
    assert score_id(metadata[b"crispml.group_id"].decode(), 0) == scores["score_id"][40].as_py()
    group = world.ledger.group(manifest.parts[0].group_id)
    assert (group.alias, group.fallback, group.rows) == ("champion", True, 40)
    assert world.in_ledger()[0].request_id == "r-1"


def test_the_progress_rises_with_the_rows(world, orders):
    told = []
    world.execute(a_run(), lambda percent, stage, steps: told.append((percent, stage)))
    percents = [percent for percent, _ in told]
    assert percents == sorted(percents)
    assert [entry for entry in told if entry[1].startswith("scored")] == [
        (52.0, "scored 40 of 100 records"),
        (84.0, "scored 80 of 100 records"),
        (100.0, "scored 100 of 100 records"),
    ]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("chunk", [0, 1, 2])
def test_a_worker_that_is_killed_around_a_commit_leaves_nothing_doubled_or_missing(
    world, orders, moment, chunk
):
    run = a_run()
    setattr(world.durable, moment, chunk if moment == "before" else chunk + 1)
    with pytest.raises(Killed):
        world.execute(run)
    assert not (world.root / "scores").exists(), "a sink is seen only when it is complete"

    world.durable = Durable(world.ledger)
    assert world.execute(run)["rows"] == 100
    check_complete(world, orders)
    assert world.scorer.rows == (100 if moment == "after" else 100 + min(40, 100 - 40 * chunk))
    assert set(world.versions) == {"v1"}


@pytest.mark.parametrize("step", ["keep_plan", "write_part", "publish", "remove"])
@pytest.mark.parametrize("is_done", [False, True])
def test_a_worker_that_is_killed_around_a_write_leaves_nothing_doubled_or_missing(
    world, orders, monkeypatch, step, is_done
):
    run, kind = a_run(), type(world.store.work("any"))
    original = getattr(kind, step)

    def killed(self, *given):
        if is_done:
            original(self, *given)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(kind, step, killed)
        with pytest.raises(Killed):
            world.execute(run)
    assert world.execute(run)["rows"] == 100
    check_complete(world, orders)


def test_a_run_that_is_taken_up_again_keeps_the_steps_of_the_workers_it_lost(world, orders):
    lost = MethodTiming(
        method="new-data-score", status=RunStatus.FAILED, started_at=utc_now(), seconds=1.0
    )
    told = []
    world.execute(a_run(steps=(lost,)), lambda percent, stage, steps: told.append(steps))
    assert all(steps[0] == lost for steps in told)
    assert [step.status for step in told[-1]] == [RunStatus.FAILED, RunStatus.SUCCEEDED]


@pytest.mark.parametrize("is_same_size", [True, False])
def test_a_source_that_changed_after_the_kill_is_refused(world, orders, toy_rows, is_same_size):
    run = a_run()
    world.durable.after = 1
    with pytest.raises(Killed):
        world.execute(run)
    path = world.root / "orders.parquet"
    if is_same_size:
        content = bytearray(path.read_bytes())
        content[100] ^= 1
        path.write_bytes(content)
    else:
        pq.write_table(toy_rows(100, seed=1).drop_columns(["returned"]), path)

    world.durable = Durable(world.ledger)
    with pytest.raises(Conflict, match="source: its bytes are not those"):
        world.execute(run)
    assert len(world.in_ledger()) == 40
    assert not (world.root / "scores").exists()


def test_a_source_that_changes_while_it_is_scored_stops_the_run(world, orders):
    path = world.root / "orders.parquet"
    commit = world.durable.commit

    def and_touch(groups, events, *, wait=True):
        os.utime(path, ns=(1, 1))
        return commit(groups, events)

    world.durable.commit = and_touch
    with pytest.raises(Conflict, match="source: its bytes"):
        world.execute(a_run())
    assert len(world.in_ledger()) == 40


def test_nothing_is_scored_when_a_record_is_invalid_and_the_first_findings_are_said(
    world, toy_rows
):
    table = toy_rows(100).drop_columns(["returned"])
    amounts = table["amount"].to_pylist()
    amounts[70], amounts[95] = -1.0, None
    table = table.set_column(1, "amount", pa.array(amounts))
    pq.write_table(table, world.root / "orders.parquet")
    with pytest.raises(InvalidRecords) as caught:
        world.execute(a_run())
    found = [(each.row, each.field, each.rule) for each in caught.value.problems]
    assert found == [(70, "amount", "range"), (95, "amount", "missing")]
    assert world.in_ledger() == []


def test_a_source_without_records_is_refused(world, toy_rows):
    pq.write_table(
        toy_rows(3).drop_columns(["returned"]).slice(0, 0), world.root / "orders.parquet"
    )
    with pytest.raises(InvalidInput, match="no records"):
        world.execute(a_run())


SQL = replace(JOB, parquet=None, query="SELECT 1", connection="warehouse")


def test_the_rows_of_a_query_are_copied_so_that_another_worker_reads_the_same(world, orders):
    world.queries = [orders.to_batches(30)]
    run = a_run(SQL)
    world.durable.after = 1
    with pytest.raises(Killed):
        world.execute(run)
    world.durable = Durable(world.ledger)
    assert world.execute(run)["rows"] == 100
    check_complete(world, orders)


def test_a_copy_that_was_cut_short_is_made_again(world, orders):
    run = a_run(SQL)

    def cut():
        yield from orders.to_batches(30)[:2]
        raise Killed

    world.queries = [cut(), orders.to_batches(30)]
    with pytest.raises(Killed):
        world.execute(run)
    assert world.execute(run)["rows"] == 100
    check_complete(world, orders)


def test_an_invalid_row_of_a_query_stops_the_run_before_its_first_score(world, orders):
    broken = orders.slice(0, 30).set_column(2, "items", pa.array(["many"] * 30))
    world.queries = [[*orders.to_batches(30), *broken.to_batches()]]
    with pytest.raises(InvalidRecords) as caught:
        world.execute(a_run(SQL))
    assert (caught.value.total, caught.value.problems[0].row) == (30, 100)
    assert world.in_ledger() == []


def test_a_query_with_other_columns_is_refused_before_its_rows_are_read(world, orders):
    batch = orders.to_batches()[0].slice(0, 0).drop_columns(["amount"])
    world.queries = [iter([batch])]
    with pytest.raises(InvalidRecords, match="amount"):
        world.execute(a_run(SQL))


def test_a_ledger_that_is_away_for_a_while_costs_only_time(world, orders, monkeypatch):
    monkeypatch.setattr(patience, "PAUSE_S", 0.01)
    world.durable.away = 3
    world.execute(a_run())
    check_complete(world, orders)


def test_a_ledger_that_stays_away_fails_the_run(world, orders, monkeypatch):
    monkeypatch.setattr(patience, "PAUSE_S", 0.01)
    world.durable.away, world.patience_s = 10**9, 0.05
    with pytest.raises(StoreUnavailable):
        world.execute(a_run())


def test_a_cancelled_run_stops_between_two_chunks(world, orders):
    def progress(percent, stage, steps):
        if stage.startswith("scored"):
            raise RunCancelled("stop")

    with pytest.raises(RunCancelled):
        world.execute(a_run(), progress)
    assert len(world.in_ledger()) == 40
    assert not (world.root / "scores").exists()


def test_a_sink_that_another_run_filled_meanwhile_is_not_touched(world, orders):
    first = a_run()
    world.execute(first)
    with pytest.raises(Conflict, match="sink"):
        world.execute(a_run())
    assert world.store.manifest("scores/2026").run_id == first.id
    assert len(world.in_ledger()) == 100


def test_two_workers_at_once_leave_one_score_per_record(world, orders, monkeypatch):
    """One of them was thought dead and goes on beside its successor."""
    run, second = a_run(), []
    commit = world.durable.commit

    def and_be_overtaken(groups, events, *, wait=True):
        if not second:
            second.append("started")
            world.execute(run)
        return commit(groups, events)

    world.durable.commit = and_be_overtaken
    assert world.execute(run)["rows"] == 100
    check_complete(world, orders)


@pytest.mark.parametrize("again", [0, 1])
def test_a_cluster_leaves_the_same_as_the_process_of_the_run(world, orders, again):
    world.compute = Elsewhere(again=again)
    told = []
    result = world.execute(a_run(), lambda percent, stage, steps: told.append((percent, stage)))
    assert (result["rows"], result["parts"], world.scorer.rows) == (100, 3, 100)
    check_complete(world, orders)
    # Once to check, once to score; a run of three chunks has a partition for each.
    assert [(each.first, each.chunks) for each in world.compute.partitions] == [
        (0, 1), (1, 1), (2, 1), (0, 1), (1, 1), (2, 1)
    ]  # fmt: skip
    percents = [percent for percent, _ in told]
    assert percents == sorted(percents)
    assert (100.0, "scored 100 of 100 records") in told
    assert (13.0, "checked 65 of 100 records") not in told


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("commits", [1, 2])
def test_a_run_goes_on_between_parts_that_are_there(world, orders, moment, commits):
    """A cluster that was killed leaves parts from the end, and only what is missing is scored."""
    run, world.compute = a_run(), Elsewhere(is_reversed=True)
    setattr(world.durable, moment, commits)
    with pytest.raises(Killed):
        world.execute(run)
    there = world.store.work(run.id).numbers()
    assert there == ([2, 1][:commits] if moment == "before" else [2, 1][: commits - 1])[::-1]

    world.durable, world.compute = Durable(world.ledger), LocalCompute()
    before = world.scorer.rows
    told = []
    result = world.execute(run, lambda percent, stage, steps: told.append(stage))
    assert result["rows"] == 100
    keys = orders["order_id"].to_pylist()
    assert world.scores()["record_key"].to_pylist() == keys
    stored = {score.score_id: score.record_key for score in world.in_ledger()}
    assert stored == dict(zip(world.scores()["score_id"].to_pylist(), keys, strict=True))
    committed = {1: 20, 2: 60}[commits]
    assert world.scorer.rows - before == 100 - committed
    assert "scored 100 of 100 records" in told


def test_a_chunk_that_is_read_back_is_the_same_part_to_the_byte(world, orders):
    """Or a worker that is thought dead and writes late would make the manifest a lie."""
    run = a_run()
    kind, parts = type(world.store.work("any")), {}
    write = kind.write_part

    def noted(self, number, *given):
        parts.setdefault(number, []).append(write(self, number, *given))
        (self._out / parts[number][-1].name).unlink()
        raise Killed

    for _ in range(2):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(kind, "write_part", noted)
            with pytest.raises(Killed):
                world.execute(run)
    first, second = parts[0]
    assert first == second
    assert world.scorer.rows == 40


def test_what_is_invalid_is_said_alike_by_many_workers(world, toy_rows):
    table = toy_rows(100).drop_columns(["returned"])
    amounts = [-1.0 if row % 3 == 0 else None for row in range(100)]
    table = table.set_column(1, "amount", pa.array(amounts)).set_column(
        2, "items", pa.array(["many"] * 100)
    )
    pq.write_table(table, world.root / "orders.parquet", row_group_size=17)
    said = []
    for compute in (LocalCompute(), Elsewhere(), Elsewhere(is_reversed=True)):
        world.compute = compute
        with pytest.raises(InvalidRecords) as caught:
            world.execute(a_run())
        said.append((caught.value.problems, caught.value.total, caught.value.message))
    assert said[0] == said[1] == said[2]
    assert said[0][1] == 200
    assert world.in_ledger() == []


def test_a_worker_stops_after_the_chunk_in_which_its_run_is_over(world, orders):
    """Nothing is scored for a run that was cancelled, lost its lease or took too long."""
    world.compute, scored = Elsewhere(), []

    def tell(rows, stage=""):
        scored.append(rows)
        if scored.count(1) == 11:
            raise RunCancelled("over")

    world.tell = tell
    with pytest.raises(RunCancelled):
        world.execute(a_run(replace(JOB, chunk_rows=1)))
    assert len(world.in_ledger()) == 11
    assert not (world.root / "scores").exists()


def test_a_worker_that_sees_another_source_reads_nothing_of_it(world, orders):
    """Its machine has another volume, or the file was exchanged since it was checked."""
    world.compute = Elsewhere()
    pass_on = world.compute.map

    def exchanged(task, parts, *, look=no_look):
        other = [replace(part, source=((1, 1),)) for part in parts]
        return pass_on(task, other, look=look)

    world.compute.map = exchanged
    with pytest.raises(Conflict, match="source: its bytes are not those"):
        world.execute(a_run())
    assert world.in_ledger() == []


def test_a_cluster_is_asked_for_nothing_when_all_parts_are_there(world, orders, monkeypatch):
    run, kind = a_run(), type(world.store.work("any"))

    def killed(self, *given):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(kind, "publish", killed)
        with pytest.raises(Killed):
            world.execute(run)
    world.compute = Elsewhere()
    assert world.execute(run)["rows"] == 100
    assert world.compute.partitions == []
    check_complete(world, orders)
