"""A challenger is judged by the labels that came: in pairs, or by the shares of a split."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from crispml_core import Challenge, Monitoring
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.labels.store import SqlLabelStore
from crispml_core.adapters.sql.schema.migrate import upgrade
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.domain.challenge import place_in_split
from crispml_core.domain.errors import Conflict, InvalidInput, NotFound
from crispml_core.domain.labels import Label
from crispml_core.domain.models import SHADOW
from crispml_core.domain.scores import Encoding, ScoreGroup, ScoreRows, new_group_id
from crispml_core.pipelines.challenges import Challenges
from crispml_core.testing.fakes.alias_log import FakeAliasLog

V1, V2 = "v1", "v2"
ROWS = 40


class World:
    """Scores of both versions, and truth that favours one of them."""

    def __init__(self, toy, folder, **declared):
        url = f"sqlite:///{folder / 'crispml.db'}"
        upgrade(url)
        engine = make_engine(url)
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.use_case = replace(toy, monitoring=Monitoring(challenge=Challenge(**declared)))
        self.aliases = FakeAliasLog(clock=lambda: self.now)
        self.ledger = SqlScoreLedger(engine)
        self.labels = SqlLabelStore(engine, clock=lambda: self.now)
        self.challenges = Challenges({"toy": self.use_case}, self.aliases, self.ledger)
        self.random = np.random.default_rng(0)
        self.sequences = {}
        self.number = 0
        self.aliases.move("toy", "champion", V1, expected=None)

    def challenge(self, **more):
        self.aliases.move("toy", "challenger", V2, expected="*", **more)

    def status(self, **more):
        return self.challenges.challenge("toy", **{"as_of": self.now} | more)

    def keys(self, rows=ROWS):
        self.number += rows
        return [f"O-{number:06d}" for number in range(self.number - rows, self.number)]

    def group(self, version, alias, keys, p, **more):
        sequence = self.sequences[alias] = self.sequences.get(alias, 0) + 1
        group = ScoreGroup(
            group_id=new_group_id(),
            writer_id=alias,
            sequence=sequence,
            use_case="toy",
            model="toy",
            version=version,
            alias=alias,
            created_at=self.now,
            classes=("no", "yes"),
            scores=ScoreRows(
                record_keys=list(keys),
                predictions=["yes" if each >= 0.5 else "no" for each in p],
                probabilities=[float(each) for each in p],
                segments=["{}"] * len(keys),
                request_ids=["r"] * len(keys),
            ),
            inputs=b"",
            encoding=Encoding.ROWS,
            row_digests=bytes(32 * len(keys)),
            **more,
        )
        self.ledger.append([group])
        return group

    def hour(self, good, bad, *, by_score=False, labelled=True):
        """Score records twice: the one who is right with probability `good`, then with `bad`."""
        keys = self.keys()
        truth = self.random.random(ROWS) < 0.5
        p = [
            np.where(self.random.random(ROWS) < right, truth, ~truth) * 0.8 + 0.1
            for right in (good, bad)
        ]
        answered = self.group(V1, "champion", keys, p[0])
        self.group(V2, SHADOW, keys, p[1], shadow_of=answered.group_id)
        self.now += timedelta(hours=1)
        if labelled:
            self.label(answered, truth, by_score)
        return answered

    def label(self, group, truth, by_score=False):
        labels = [
            Label(
                value="yes" if each else "no",
                label_time=self.now,
                score_id=group.score(row).score_id if by_score else None,
                record_key=None if by_score else group.scores.record_keys[row],
            )
            for row, each in enumerate(truth)
        ]
        self.labels.add("toy", labels)


@pytest.fixture
def world(toy, tmp_path):
    return World(toy, tmp_path, min_effect=0.1, max_labels=3000)


@pytest.mark.parametrize("by_score", [False, True], ids=["by key", "by score id"])
def test_a_better_challenger_is_promoted_after_enough_labels(world, by_score):
    world.challenge()
    assert world.status()["decision"] == "wait"
    for _ in range(30):
        world.hour(0.6, 0.9, by_score=by_score)
    found = world.status()
    assert found["decision"] == "promote"
    assert found["records"] == {
        "answered_by_champion": 1200, "shadow_scores": 1200, "labelled": 1200, "compared": 1200
    }  # fmt: skip
    assert found["champion"]["mean_loss"] > found["challenger"]["mean_loss"]
    assert found["gain"]["mean"] == pytest.approx(
        found["champion"]["mean_loss"] - found["challenger"]["mean_loss"]
    )
    assert 0 < found["gain"]["low"] < found["gain"]["mean"] < found["gain"]["high"]
    assert 100 <= found["decided_on"] <= 1200


def test_what_was_known_at_a_moment_can_be_asked_later(world):
    world.challenge()
    for _ in range(10):
        world.hour(0.6, 0.9)
    then, at = world.status(), world.now
    world.now += timedelta(seconds=1)
    for _ in range(20):
        world.hour(0.6, 0.9)
    assert world.status(as_of=at) == then
    assert world.status()["records"]["compared"] == 1200


def test_a_challenger_that_is_not_better_is_given_up(world):
    world.challenge()
    for _ in range(30):
        world.hour(0.8, 0.8)
    assert world.status()["decision"] == "keep"


def test_one_that_has_not_won_in_time_is_given_up(toy, tmp_path):
    slow = World(toy, tmp_path, min_effect=0.1, max_age_days=2, min_labels=1000)
    slow.challenge()
    slow.hour(0.6, 0.7)
    assert slow.status()["decision"] == "wait"
    assert "960 more" in slow.status()["reason"]
    slow.now += timedelta(days=2)
    assert (slow.status()["decision"], slow.status()["reason"]) == (
        "keep", "nothing was decided in max_age_days",
    )  # fmt: skip


def test_one_that_has_not_won_in_enough_labels_is_given_up(toy, tmp_path):
    few = World(toy, tmp_path, min_effect=0.001, min_labels=10, max_labels=80)
    few.challenge()
    for _ in range(3):
        few.hour(0.8, 0.8)
    assert few.status()["reason"] == "nothing was decided on max_labels records"


def test_a_record_counts_once_and_only_with_its_pair(world):
    world.challenge()
    answered = world.hour(0.7, 0.7)
    keys = answered.scores.record_keys
    world.group(V1, "champion", keys, [0.9] * ROWS)  # the same records again
    world.group(V1, "champion", world.keys(), [0.9] * ROWS)  # whose shadow was dropped
    world.label(answered, [True] * ROWS)
    assert world.status()["records"]["compared"] == ROWS


def test_what_was_scored_before_the_challenge_does_not_count(world):
    world.challenge()
    world.hour(0.7, 0.7)
    world.aliases.move("toy", "challenger", "v3", expected=V2)
    world.now += timedelta(hours=1)
    world.challenge()
    assert world.status()["records"]["compared"] == 0
    world.hour(0.7, 0.7)
    assert world.status()["records"]["compared"] == ROWS
    world.challenge(traffic=0.2)  # another share is not another challenge
    assert world.status()["records"]["compared"] == ROWS


def split_hour(world, good, bad, share):
    keys = world.keys()
    truth = world.random.random(ROWS) < 0.5
    mine = np.array([place_in_split("toy", key) < share for key in keys])
    for version, alias, which, right in (
        (V1, "champion", ~mine, good), (V2, "challenger", mine, bad)
    ):  # fmt: skip
        rows = np.flatnonzero(which)
        p = np.where(world.random.random(len(rows)) < right, truth[rows], ~truth[rows])
        group = world.group(version, alias, [keys[row] for row in rows], p * 0.8 + 0.1)
        world.label(group, truth[rows])
    world.now += timedelta(hours=1)


def test_a_split_is_judged_by_what_each_version_answered(toy, tmp_path):
    world = World(toy, tmp_path, min_effect=0.3, design="split")
    world.challenge(traffic=0.3)
    for hour in range(60):
        if hour == 20:
            world.challenge(traffic=0.5)
        split_hour(world, 0.6, 0.9, 0.3 if hour < 20 else 0.5)
    found = world.status()
    assert found["decision"] == "promote"
    assert found["records"]["compared"] == 60 * ROWS
    assert found["gain"]["low"] <= 0.6 <= found["gain"]["high"]


def test_a_split_counts_no_record_that_the_other_version_answered(toy, tmp_path):
    world = World(toy, tmp_path, min_effect=0.3, design="split")
    keys = world.keys(200)
    world.group(V1, "champion", keys[:50], [0.9] * 50)
    world.challenge(traffic=0.5)
    world.now += timedelta(seconds=1)
    group = world.group(V1, "champion", keys[50:], [0.9] * 150)  # stands in for the challenger too
    world.label(group, [True] * 150)
    mine = sum(place_in_split("toy", key) >= 0.5 for key in keys[50:])
    assert world.status()["records"]["compared"] == mine


def test_without_both_there_is_no_challenge(world):
    with pytest.raises(NotFound):
        world.status()
    world.challenge()
    world.aliases.remove("toy", "challenger", expected=V2)
    with pytest.raises(NotFound):
        world.status()
    with pytest.raises(NotFound, match="known: toy"):
        world.challenges.challenge("CANARY")


def test_a_challenger_that_was_promoted_is_none_any_more(world):
    world.challenge()
    world.aliases.move("toy", "champion", V2, expected=V1)
    with pytest.raises(Conflict, match="is the champion"):
        world.status()


def test_an_effect_that_no_record_can_have_is_refused(toy, tmp_path):
    world = World(toy, tmp_path, min_effect=100.0)
    world.challenge()
    with pytest.raises(InvalidInput, match="min_effect"):
        world.status()
