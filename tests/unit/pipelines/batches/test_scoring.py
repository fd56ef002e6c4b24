"""A batch is scored once, whatever happens on the way."""

import os
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crispml_core.domain.errors import (
    Conflict,
    InvalidInput,
    InvalidRecords,
    RunCancelled,
    StoreUnavailable,
)
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.runs import MethodTiming, RunStatus
from crispml_core.domain.scores import score_id
from crispml_core.pipelines.batches import patience
from tests.unit.pipelines.batches.world import (
    JOB,
    Durable,
    Killed,
    a_run,
    check_complete,
)


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
