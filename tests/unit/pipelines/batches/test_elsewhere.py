"""A batch that a cluster scores: the same as in the process of its run, whoever is lost."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crispml_core.adapters.local_compute import LocalCompute
from crispml_core.domain.errors import (
    Conflict,
    InvalidRecords,
    RunCancelled,
    StoreUnavailable,
)
from crispml_core.ports.compute import no_look
from tests.unit.pipelines.batches.world import (
    JOB,
    Durable,
    Elsewhere,
    Killed,
    a_run,
    check_complete,
)


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


@pytest.mark.parametrize("brings", [1, 0])
def test_a_cluster_that_is_lost_is_looked_for_again_while_it_brings_something(
    world, orders, brings
):
    """A scheduler that is started anew knows nothing, and the parts are on the volume."""
    run, told = a_run(), []

    class Lost(Elsewhere):
        def map(self, task, parts, *, look=no_look):
            parts = list(parts)
            if told or len(parts) < 3:  # the second half of the run, and after the first loss
                yield from super().map(task, parts[:brings] if told else parts, look=look)
                if told:
                    raise StoreUnavailable("the scheduler does not answer any more")
            else:
                yield from super().map(task, parts, look=look)
                told.append("checked")

    world.compute = Lost()
    if brings:
        assert world.execute(run)["rows"] == 100
        check_complete(world, orders)
        assert world.scorer.rows == 100
    else:
        with pytest.raises(StoreUnavailable, match="any more"):
            world.execute(run)
        assert world.in_ledger() == []
