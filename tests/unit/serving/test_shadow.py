"""A challenger scores in the shadow, and the champion never feels it."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.events import EventKind
from crispml_core.domain.models import SHADOW
from crispml_core.serving.plain_records import PlainRecord
from crispml_core.serving.scored import ScoreCall
from crispml_core.serving.shadow import FAILED, FULL, KEPT, LAST_S
from crispml_core.serving.stored_inputs import verify_rows
from tests.unit.serving.challenged import (
    CALL,
    CHALLENGER,
    CHAMPION,
    World,
    breaks,
    columns_of,
    rows_of,
    until,
)


@pytest.fixture
def world(toy, tmp_path):
    return World(toy, tmp_path)


def test_the_shadow_of_a_group_has_its_rows_in_their_order(world):
    world.challenge()

    async def scenario(engine):
        await engine.score(CALL, rows_of(1, 2, 3))
        await engine.score(CALL, columns_of(world.toy, range(10, 2010)))
        active = engine.models.find("toy", "champion")
        told = []
        for amount in (5, 6):
            engine.score_plain(PlainRecord(active, rows_of(amount)[0], f"r-{amount}"), told.append)
        await until(lambda: world.outcomes.get(KEPT) == 2005)

    world.run(scenario)
    groups = world.groups()
    answered = {group.group_id: group for group in groups if group.alias == "champion"}
    shadows = [group for group in groups if group.alias == SHADOW]
    assert {group.shadow_of for group in shadows} == set(answered)
    assert len(shadows) == len(answered)
    for shadow in shadows:
        pair = answered[shadow.shadow_of]
        assert (shadow.version, pair.version) == (CHALLENGER, CHAMPION)
        assert shadow.scores.record_keys == pair.scores.record_keys
        assert shadow.scores.request_ids == pair.scores.request_ids
        assert shadow.scores.probabilities == [p / 2 for p in pair.scores.probabilities]
        assert verify_rows(shadow) == []
        assert len(shadow.inputs) < 100
    assert {group.writer_id for group in shadows}.isdisjoint(g.writer_id for g in answered.values())


def test_nobody_finds_a_shadow_where_answers_are_looked_for(world):
    world.challenge()

    async def scenario(engine):
        scored = await engine.score(CALL, rows_of(7))
        await until(lambda: world.outcomes.get(KEPT) == 1)
        return scored.score_ids()

    ids = world.run(scenario)
    assert [score.score_id for score in world.ledger.find(use_case="toy")] == ids
    assert [score.score_id for score in world.ledger.find(use_case="toy", record_key="O-7")] == ids
    assert world.ledger.index_keys(10).rows == 0


def test_without_a_challenger_nothing_is_scored_twice_and_no_thread_waits(world):
    async def scenario(engine):
        await engine.score(CALL, rows_of(1, 2))
        return [thread.name for thread in threading.enumerate()]

    assert "shadow" not in world.run(scenario)
    assert [group.alias for group in world.groups()] == ["champion"]


def test_a_named_version_has_no_shadow(world):
    world.challenge()

    async def scenario(engine):
        call = ScoreCall(use_case="toy", version=CHAMPION)
        await engine.score(call, rows_of(1))
        await engine.score(ScoreCall(use_case="toy", alias="champion"), rows_of(2))
        await until(lambda: world.outcomes.get(KEPT) == 1)

    world.run(scenario)
    (shadow,) = [group for group in world.groups() if group.alias == SHADOW]
    assert shadow.scores.record_keys == ["O-2"]


def naps():
    time.sleep(5)


def burns():
    end = time.perf_counter() + 0.3
    while time.perf_counter() < end:
        sum(range(1000))


@pytest.mark.parametrize("ill", [naps, breaks, burns])
def test_an_ill_challenger_leaves_the_champion_as_it_was(world, ill):
    world.scorers[CHALLENGER].before = ill

    async def answers(engine):
        taken = []
        for amount in range(150):
            start = time.perf_counter()
            scored = await engine.score(CALL, rows_of(amount))
            taken.append(time.perf_counter() - start)
            assert scored.scores.probabilities == [amount / 1000]
            assert scored.durability == "database"
            await asyncio.sleep(0.002)
        return sorted(taken)

    async def both(engine):
        alone = await answers(engine)
        world.challenge()
        world.settle(engine.models)
        assert engine.models.find("toy", "champion").challenger is not None
        begin = time.monotonic()
        beside = await answers(engine)
        return alone, beside, begin

    alone, beside, _ = world.run(both)
    assert len([group for group in world.groups() if group.alias == "champion"]) >= 300
    # Generous, for a busy machine: one that waited for the challenger would wait for seconds.
    assert beside[75] < 10 * alone[75] + 0.05
    assert beside[-1] < 1.0


def test_a_challenger_that_raises_is_counted_and_noted_once_without_its_words(world):
    world.challenge()
    world.scorers[CHALLENGER].before = breaks

    async def scenario(engine):
        for amount in range(3):
            await engine.score(CALL, rows_of(amount))
            await until(lambda amount=amount: world.outcomes.get(FAILED) == amount + 1)

    world.run(scenario)
    failures = [event for event in world.events if event.code == "challenger_failed"]
    assert [(event.kind, event.version) for event in failures] == [(EventKind.FAILED, CHALLENGER)]


def test_the_queue_drops_what_it_has_no_room_for_and_counts_it(world):
    world.challenge()
    held = threading.Event()
    world.scorers[CHALLENGER].before = lambda: held.wait(5)

    async def scenario(engine):
        await engine.score(CALL, rows_of(0))
        await until(lambda: engine.shadow.waiting == 0)  # the thread has taken it, and hangs
        for amount in range(1, 8):
            await engine.score(CALL, rows_of(amount))
        held.set()
        await until(lambda: world.outcomes.get(KEPT) == 6)

    world.run(scenario, capacity=5)
    assert world.outcomes == {KEPT: 6, FULL: 2}


def test_the_end_does_not_wait_for_a_challenger_that_hangs(world):
    world.challenge()
    held = threading.Event()
    world.scorers[CHALLENGER].before = lambda: held.wait(20)

    async def scenario(engine):
        await engine.score(CALL, rows_of(1))
        await until(lambda: engine.shadow.waiting == 0)
        start = time.monotonic()
        engine.shadow.close()
        return time.monotonic() - start

    assert world.run(scenario) < LAST_S + 2
    held.set()


def test_the_end_keeps_what_was_scored(world):
    world.challenge()
    scored = threading.Event()
    world.scorers[CHALLENGER].before = scored.set

    async def scenario(engine):
        await engine.score(CALL, rows_of(1))
        await until(scored.is_set)
        await asyncio.sleep(0.05)

    world.run(scenario)
    assert world.outcomes == {KEPT: 1}


def test_while_the_store_is_away_shadows_are_dropped_and_the_chain_goes_on(world):
    world.challenge()
    whole = SqlScoreLedger.append

    async def scenario(engine):
        away = [True]

        def append(self, groups, events=(), *, wait=True):
            if away[0] and groups and groups[0].alias == SHADOW:
                raise StoreUnavailable("gone")
            return whole(self, groups, events, wait=wait)

        SqlScoreLedger.append = append
        try:
            await engine.score(CALL, rows_of(1))
            await until(lambda: world.outcomes.get("store_away") == 1)
            away[0] = False
            await engine.score(CALL, rows_of(2))
            await until(lambda: world.outcomes.get(KEPT) == 1)
        finally:
            SqlScoreLedger.append = whole

    world.run(scenario)
    (shadow,) = [group for group in world.groups() if group.alias == SHADOW]
    assert (shadow.scores.record_keys, shadow.sequence) == (["O-2"], 1)
