"""The engine answers and keeps records, whatever kind of version answers them."""

import asyncio
import threading
import time
from types import SimpleNamespace

import pytest

from crispml_core.adapters.journal import FileJournals
from crispml_core.domain.errors import (
    IdempotencyKeyReused,
    NotFound,
    StoreUnavailable,
    UseCaseError,
    WouldWait,
)
from crispml_core.domain.upkeep import Upkept
from crispml_core.ports.scorer import Answers
from crispml_core.serving.answering import COLUMN_ROWS, INLINE_ROWS
from crispml_core.serving.durable_ledger import DurableLedger
from crispml_core.serving.engine import ScoringEngine
from crispml_core.serving.ledger_writer import LedgerWriter
from crispml_core.serving.live_models import LiveModels
from crispml_core.serving.loaded_versions import LoadedVersions
from crispml_core.serving.plain_records import PlainRecord
from crispml_core.serving.scored import ScoreCall
from crispml_core.serving.upkeep import Upkeep
from crispml_core.testing.fakes.alias_log import FakeAliasLog
from crispml_core.testing.fakes.score_ledger import FakeScoreLedger
from crispml_core.testing.fakes.timing_log import FakeTimingLog


class Scorer:
    """Answers yes with the amount divided by 1000, and notes how it was asked."""

    plan, size_bytes = None, 100

    def __init__(self, version, is_fast):
        self.is_fast = is_fast
        self.manifest = SimpleNamespace(
            model="toy", version=version, classes=("no", "yes"), conformal=None, masked=False
        )
        self.asked = []
        self.hold = threading.Event()
        self.hold.set()

    def answer_rows(self, rows):
        self.hold.wait(5)
        self.asked.append(("rows", len(rows)))
        if any(row[1] == 666 for row in rows):
            raise UseCaseError("toy", "predict", "it broke")
        return self._answers([row[1] for row in rows])

    def answer_columns(self, batch):
        self.asked.append(("columns", len(batch)))
        return self._answers(batch.column(1).to_pylist())

    def _answers(self, amounts):
        return Answers(
            ["yes"] * len(amounts), [amount / 1000 for amount in amounts], ["{}"] * len(amounts)
        )


@pytest.fixture(params=[True, False], ids=["fast", "slow"])
def is_fast(request):
    return request.param


@pytest.fixture
def world(toy, tmp_path, is_fast):
    ledger, aliases = FakeScoreLedger(), FakeAliasLog()
    scorers = {name: Scorer(name, is_fast) for name in ("v1", "v2")}
    aliases.move("toy", "champion", "v1", expected=None)

    def load(use_case, version):
        if version not in scorers:
            raise NotFound("model version", scorers)
        return scorers[version]

    counted, broken, timings = [], [], FakeTimingLog()

    def count(rows):
        if broken:
            counted.append(0)
            raise ValueError("something that nobody foresaw")
        assert ledger.index_keys(1).rows == 0, "what is counted was indexed before"
        new = len(ledger.find(limit=1000)) - sum(counted)
        counted.append(new)
        return Upkept(new, has_more=False)

    def run(scenario):
        async def whole():
            durable = DurableLedger(ledger, FileJournals(tmp_path), retry_s=0.02)
            live = LiveModels(
                {"toy": toy}, LoadedVersions(load, 10_000), aliases.highest, aliases.aliases
            )
            live.refresh()
            writer = LedgerWriter(ledger, durable)
            upkeep = Upkeep(ledger.index_keys, count)
            engine = ScoringEngine(
                live, ledger, writer, durable, deadline_s=5, timings=timings, upkeep=upkeep
            )
            try:
                return await scenario(engine)
            finally:
                await asyncio.get_running_loop().run_in_executor(None, engine.close)

        return asyncio.run(whole())

    return SimpleNamespace(
        run=run,
        ledger=ledger,
        scorers=scorers,
        counted=counted,
        broken=broken,
        timings=timings,
    )


def rows_of(*amounts):
    return [(f"O-{amount}", float(amount), 1, "web", None) for amount in amounts]


CALL = ScoreCall(use_case="toy", request_id="r-1")


@pytest.mark.parametrize("rows", [1, INLINE_ROWS, INLINE_ROWS + 1, COLUMN_ROWS])
def test_every_number_of_records_is_answered_in_order_and_kept(world, rows):
    async def scenario(engine):
        return await engine.score(CALL, rows_of(*range(rows)))

    scored = world.run(scenario)
    assert scored.scores.probabilities == [amount / 1000 for amount in range(rows)]
    kept = [world.ledger.get(i).record_key for i in scored.score_ids()]
    assert kept == [f"O-{amount}" for amount in range(rows)]
    assert scored.durability == "database"


@pytest.mark.parametrize("is_fast", [False], indirect=True)
def test_a_version_without_a_compiled_form_is_asked_once_for_all_that_wait(world):
    scorer = world.scorers["v1"]
    scorer.hold.clear()

    async def scenario(engine):
        first = asyncio.ensure_future(engine.score(CALL, rows_of(1)))
        await asyncio.sleep(0.05)
        others = [asyncio.ensure_future(engine.score(CALL, rows_of(n, n + 1))) for n in (2, 4, 6)]
        await asyncio.sleep(0.05)
        scorer.hold.set()
        return await asyncio.gather(first, *others)

    found = world.run(scenario)
    assert scorer.asked == [("rows", 1), ("rows", 6)]
    assert [scored.scores.probabilities for scored in found] == [
        [0.001], [0.002, 0.003], [0.004, 0.005], [0.006, 0.007],
    ]  # fmt: skip


def test_a_version_that_breaks_fails_its_requests_and_nothing_is_kept(world):
    async def scenario(engine):
        with pytest.raises(UseCaseError, match="it broke"):
            await engine.score(CALL, rows_of(666))
        return await engine.score(CALL, rows_of(7))

    assert world.run(scenario).scores.probabilities == [0.007]
    assert [score.record_key for score in world.ledger.find()] == ["O-7"]


def test_a_named_version_answers_instead_of_the_champion(world):
    async def scenario(engine):
        return await engine.score(ScoreCall(use_case="toy", version="v2"), rows_of(1))

    scored = world.run(scenario)
    assert (scored.version, scored.alias) == ("v2", None)
    with pytest.raises(NotFound):
        world.run(lambda engine: engine.score(ScoreCall(use_case="toy", version="x"), rows_of(1)))


def test_a_repeated_key_is_answered_from_the_ledger_without_scoring(world):
    call = ScoreCall(use_case="toy", idempotency_key="k", fingerprint="f")
    other = ScoreCall(use_case="toy", idempotency_key="k", fingerprint="g")

    async def scenario(engine):
        first = await engine.score(call, rows_of(1))
        again = await engine.score(call, rows_of(1))
        with pytest.raises(IdempotencyKeyReused):
            await engine.score(other, rows_of(2))
        return first, again

    first, again = world.run(scenario)
    assert again.replayed
    assert again.score_ids() == first.score_ids()
    assert world.scorers["v1"].asked == [("rows", 1)]


def test_one_key_twice_at_once_is_one_batch(world):
    call = ScoreCall(use_case="toy", idempotency_key="k", fingerprint="f")

    async def scenario(engine):
        return await asyncio.gather(*(engine.score(call, rows_of(1, 2)) for _ in range(5)))

    found = world.run(scenario)
    assert len({tuple(scored.score_ids()) for scored in found}) == 1
    assert sorted(scored.replayed for scored in found) == [False, True, True, True, True]
    assert len(world.ledger.find()) == 2


def test_a_ledger_that_is_away_costs_the_key_but_not_the_score(world, monkeypatch):
    def away(*_, **__):
        raise StoreUnavailable("away")

    monkeypatch.setattr(world.ledger, "append", away)

    async def scenario(engine):
        with pytest.raises(StoreUnavailable):
            await engine.score(
                ScoreCall(use_case="toy", idempotency_key="k", fingerprint="f"), rows_of(1)
            )
        scored = await engine.score(CALL, rows_of(1))
        monkeypatch.undo()
        return scored

    assert world.run(scenario).durability == "journal"


def plain(engine, *amounts):
    """Send plain records in one turn of the loop; return what is told, in order."""
    active = engine.models.find("toy", "champion")
    told = []
    for amount in amounts:
        future = asyncio.get_running_loop().create_future()
        record = PlainRecord(active, rows_of(amount)[0], f"r-{amount}")
        engine.score_plain(record, future.set_result)
        told.append(future)
    return asyncio.gather(*told)


@pytest.mark.parametrize("is_fast", [True], indirect=True)
@pytest.mark.parametrize("amounts", [[1], [1, 2, 3]])
def test_plain_records_that_come_together_are_answered_and_kept_together(world, amounts):
    found = world.run(lambda engine: plain(engine, *amounts))
    for row, (amount, (scored, place)) in enumerate(zip(amounts, found, strict=True)):
        assert place == row
        assert scored.scores.probabilities[row] == amount / 1000
        kept = world.ledger.get(scored.score_ids()[row])
        assert (kept.record_key, kept.request_id) == (f"O-{amount}", f"r-{amount}")
    assert world.scorers["v1"].asked == [("rows", len(amounts))]
    assert len({scored.group_id for scored, _ in found}) == 1


@pytest.mark.parametrize("is_fast", [True], indirect=True)
@pytest.mark.parametrize("amounts", [[666], [1, 666, 3]])
def test_a_plain_record_that_breaks_costs_the_others_nothing(world, amounts):
    found = world.run(lambda engine: plain(engine, *amounts))
    for amount, outcome in zip(amounts, found, strict=True):
        if amount == 666:
            assert isinstance(outcome, UseCaseError)
        else:
            scored, row = outcome
            assert scored.scores.record_keys[row] == f"O-{amount}"
    assert len(world.ledger.find()) == len(amounts) - 1


@pytest.mark.parametrize("is_fast", [True], indirect=True)
def test_a_lone_plain_record_is_committed_in_the_loop_unless_the_store_is_slow(world, monkeypatch):
    threads = []
    append = world.ledger.append

    def noted(*arguments, **options):
        threads.append((threading.current_thread() is threading.main_thread(), options["wait"]))
        append(*arguments, **options)

    monkeypatch.setattr(world.ledger, "append", noted)

    async def scenario(engine):
        await plain(engine, 1)
        for seconds in (1.0, 1.0):
            engine._pace.note(seconds)
        await plain(engine, 2)
        engine._pace.note(0.0)
        await plain(engine, 3)

    world.run(scenario)
    assert threads == [(True, False), (False, True), (True, False)]


@pytest.mark.parametrize("is_fast", [True], indirect=True)
def test_a_store_that_would_have_to_wait_gets_the_record_from_the_thread(world, monkeypatch):
    append = world.ledger.append

    def busy(*arguments, wait):
        if not wait:
            raise WouldWait
        append(*arguments)

    monkeypatch.setattr(world.ledger, "append", busy)
    ((scored, row),) = world.run(lambda engine: plain(engine, 1))
    assert (scored.durability, row) == ("database", 0)
    assert [score.record_key for score in world.ledger.find()] == ["O-1"]


def test_scores_are_counted_when_nobody_waits(world):
    async def scenario(engine):
        for amount in range(3):
            await engine.score(CALL, rows_of(amount))
        for _ in range(100):
            if sum(world.counted) == 3:
                return
            await asyncio.sleep(0.1)

    world.run(scenario)
    assert sum(world.counted) == 3


def test_a_count_that_fails_keeps_no_score_from_being_stored(world):
    world.broken.append(True)

    async def scenario(engine):
        first = await engine.score(CALL, rows_of(1))
        while not world.counted:
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.3)
        return first, await engine.score(CALL, rows_of(2))

    assert [scored.durability for scored in world.run(scenario)] == ["database"] * 2
    assert world.counted == [0], "it is not tried again at once"


@pytest.mark.parametrize("is_fast", [True], indirect=True)
def test_every_group_is_timed_once_with_its_rows_and_the_time_of_the_store(world, monkeypatch):
    append = world.ledger.append

    def slow(*arguments, wait=True):
        if not wait:
            raise WouldWait
        time.sleep(0.05)
        return append(*arguments)

    monkeypatch.setattr(world.ledger, "append", slow)

    async def scenario(engine):
        return await asyncio.gather(*(engine.score(CALL, rows_of(n)) for n in range(1, 21)))

    world.run(scenario)
    calls = world.timings.exited
    assert sum(call.rows for call in calls) == sum(call.requests for call in calls) == 20
    assert 1 <= len(calls) < 20
    assert all(call.stages["commit"] >= 0.05 for call in calls)


@pytest.mark.parametrize("is_fast", [True], indirect=True)
def test_a_record_that_is_committed_in_the_loop_is_a_group_too(world):
    world.run(lambda engine: plain(engine, 5))
    (call,) = world.timings.exited
    assert (call.rows, call.requests, list(call.request_ids)) == (1, 1, ["r-5"])


@pytest.mark.parametrize("is_fast", [True], indirect=True)
def test_a_group_that_nothing_takes_is_timed_as_an_error(world, monkeypatch):
    def away(*_, **__):
        raise StoreUnavailable("away")

    monkeypatch.setattr(world.ledger, "append", away)
    call = ScoreCall(use_case="toy", idempotency_key="k", fingerprint="f")

    async def scenario(engine):
        with pytest.raises(StoreUnavailable):
            await engine.score(call, rows_of(1))

    world.run(scenario)
    assert [(call.outcome, call.rows) for call in world.timings.exited] == [("error", 0)]
