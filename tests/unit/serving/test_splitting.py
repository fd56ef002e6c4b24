"""A challenger answers its share; what goes wrong with it is the champion's to answer."""

from __future__ import annotations

import pytest

from crispml_core.domain.challenge import place_in_split
from crispml_core.domain.errors import NotReady
from crispml_core.domain.events import EventKind
from crispml_core.domain.models import SHADOW
from crispml_core.serving.scored import ScoreCall
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


def test_a_challenger_that_cannot_be_loaded_is_an_event_and_nothing_more(world):
    world.broken[CHALLENGER] = NotReady("it does not reproduce itself here")
    world.challenge(0.5)

    async def scenario(engine):
        await until(lambda: any(event.version == CHALLENGER for event in world.events))
        for _ in range(3):
            engine.models.refresh()
        return await engine.score(CALL, rows_of(*range(40)))

    scored = world.run(scenario)
    assert (scored.version, scored.versions, scored.fallback) == (CHAMPION, None, False)
    (event,) = [event for event in world.events if event.version == CHALLENGER]
    assert event.kind == EventKind.FALLBACK
    assert "the champion has its share" in event.detail


def versions_of(world, *, traffic, amounts, batch=False, key=None):
    world.challenge(traffic)

    async def scenario(engine):
        records = columns_of(world.toy, amounts) if batch else rows_of(*amounts)
        call = ScoreCall(use_case="toy", idempotency_key=key, fingerprint="f")
        return await engine.score(call, records)

    return world.run(scenario)


@pytest.mark.parametrize("batch", [False, True], ids=["rows", "columns"])
def test_a_batch_is_answered_by_both_in_its_order(world, batch):
    amounts = range(400) if batch else range(40)
    scored = versions_of(world, traffic=0.3, amounts=amounts, batch=batch)
    keys = [f"O-{amount}" for amount in amounts]
    assert scored.scores.record_keys == keys
    wanted = [CHALLENGER if place_in_split("toy", key) < 0.3 else CHAMPION for key in keys]
    assert scored.versions == wanted
    assert {CHAMPION, CHALLENGER} == set(wanted)
    for amount, version, probability in zip(
        amounts, scored.versions, scored.scores.probabilities, strict=True
    ):
        assert probability == amount / (1000 if version == CHAMPION else 2000)
    kept = [world.ledger.get(each) for each in scored.score_ids()]
    assert [(score.record_key, score.version) for score in kept] == list(
        zip(keys, wanted, strict=True)
    )


def test_raising_the_share_keeps_those_that_are_in_it(world):
    before = versions_of(world, traffic=0.2, amounts=range(60)).versions
    after = versions_of(world, traffic=0.6, amounts=range(60)).versions
    assert before.count(CHALLENGER) < after.count(CHALLENGER)
    for one, other in zip(before, after, strict=True):
        assert one == CHAMPION or other == CHALLENGER


@pytest.mark.parametrize("named", [{"alias": "champion"}, {"version": CHAMPION}])
def test_who_names_a_version_is_never_split(world, named):
    world.challenge(0.9)

    async def scenario(engine):
        return await engine.score(ScoreCall(use_case="toy", **named), rows_of(*range(30)))

    scored = world.run(scenario)
    assert (scored.version, scored.versions) == (CHAMPION, None)


def test_the_share_of_a_challenger_that_fails_is_answered_by_the_champion_and_says_so(world):
    world.scorers[CHALLENGER].before = breaks
    scored = versions_of(world, traffic=0.5, amounts=range(30))
    assert set(scored.versions) == {CHAMPION}
    assert scored.fallback
    assert scored.scores.probabilities == [amount / 1000 for amount in range(30)]
    groups = {group.alias: group for group in world.groups() if group.alias != SHADOW}
    assert (groups["challenger"].fallback, groups["challenger"].version) == (True, CHAMPION)
    assert not groups["champion"].fallback
    assert "challenger_failed" in {event.code for event in world.events}


def test_a_repeated_key_gets_the_scores_of_both_even_when_the_split_has_ended(world):
    first = versions_of(world, traffic=0.4, amounts=range(30), key="k-1")
    world.aliases.remove("toy", "challenger", expected="*")

    async def scenario(engine):
        call = ScoreCall(use_case="toy", idempotency_key="k-1", fingerprint="f")
        return await engine.score(call, rows_of(*range(30)))

    again = world.run(scenario)
    assert again.replayed
    assert again.score_ids() == first.score_ids()
    assert again.versions == first.versions


def test_a_repeated_key_completes_a_request_that_was_cut_between_the_versions(world):
    amounts = range(30)
    champions = [a for a in amounts if place_in_split("toy", f"O-{a}") >= 0.4]
    stored = versions_of(world, traffic=0.0, amounts=champions, key="k-1")
    whole = versions_of(world, traffic=0.4, amounts=amounts, key="k-1")
    assert whole.scores.record_keys == [f"O-{amount}" for amount in amounts]
    by_key = dict(zip(whole.scores.record_keys, whole.score_ids(), strict=True))
    for key, score_id in zip(stored.scores.record_keys, stored.score_ids(), strict=True):
        assert by_key[key] == score_id
    assert set(whole.versions) == {CHAMPION, CHALLENGER}
