"""Record keys are indexed and scores counted in steps of a few milliseconds, each in its turn."""

from __future__ import annotations

import pytest

from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.upkeep import Upkept
from crispml_core.serving import upkeep
from crispml_core.serving.upkeep import FEWEST, FIRST, MOST, STEP_S, Upkeep


class Clock:
    """Passes only when something is done."""

    def __init__(self) -> None:
        self.now = 1000.0

    def perf_counter(self) -> float:
        return self.now

    monotonic = perf_counter


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(upkeep, "time", made)
    return made


class Rows:
    """Some that wait, each of which takes a time; a step takes a share of what it is asked."""

    def __init__(
        self, clock: Clock, waiting: int, *, each_s: float = 1e-5, share: float = 1.0
    ) -> None:
        self.clock, self.waiting, self.each_s, self.share = clock, waiting, each_s, share
        self.asked: list[int] = []
        self.failure: Exception | None = None

    def __call__(self, rows: int) -> Upkept:
        self.asked.append(rows)
        if self.failure is not None:
            raise self.failure
        done = min(round(rows * self.share), self.waiting)
        self.waiting -= done
        self.clock.now += done * self.each_s
        return Upkept(done, has_more=self.waiting > 0)


def nothing(rows: int) -> Upkept:
    return Upkept(0, has_more=False)


def test_a_step_becomes_as_large_as_its_time_allows(clock: Clock) -> None:
    keys = Rows(clock, 100_000)
    kept = Upkeep(keys, nothing)
    for _ in range(12):
        kept.step()
    assert keys.asked[0] == FIRST
    assert keys.asked[-1] == round(STEP_S / keys.each_s)


def test_steps_grow_though_a_store_takes_less_than_it_is_asked(clock: Clock) -> None:
    """Where groups are small, it takes fewer scores, because a group costs something too."""
    scores = Rows(clock, 100_000, each_s=1e-4, share=0.1)
    kept = Upkeep(nothing, scores)
    for _ in range(12):
        assert kept.step()
    assert scores.asked[-1] == round(STEP_S / scores.each_s / scores.share)


@pytest.mark.parametrize(("each_s", "rows"), [(1.0, FEWEST), (1e-9, MOST)])
def test_a_step_has_a_least_and_a_largest_size(clock: Clock, each_s: float, rows: int) -> None:
    keys = Rows(clock, 1_000_000, each_s=each_s)
    kept = Upkeep(keys, nothing)
    for _ in range(20):
        kept.step()
    assert keys.asked[-1] == rows


def test_little_work_that_is_soon_done_makes_no_large_step(clock: Clock) -> None:
    keys = Rows(clock, 0, each_s=1e-7)
    kept = Upkeep(keys, nothing)
    for _ in range(10):
        keys.waiting = 3
        kept.expect()
        kept.step()
    assert set(keys.asked) == {FIRST}


def test_a_slow_step_is_forgotten_once_nothing_is_left(clock: Clock) -> None:
    keys = Rows(clock, FIRST, each_s=1.0)
    kept = Upkeep(keys, nothing)
    while kept.step() or keys.waiting:
        pass
    for _ in range(2):
        kept.expect()
        kept.step()
    assert keys.asked == [FIRST, FIRST // 2, FIRST]


def test_a_step_that_failed_is_half_as_large_the_next_time(clock: Clock) -> None:
    keys = Rows(clock, 100_000)
    keys.failure = StoreUnavailable("it took too long")
    kept = Upkeep(keys, nothing)
    for _ in range(5):
        with pytest.raises(StoreUnavailable):
            kept.step() or kept.step()
    assert keys.asked == [FIRST, FIRST // 2, FIRST // 4, FEWEST, FEWEST]


@pytest.mark.parametrize("part", ["index", "count"])
def test_what_another_process_does_is_left_to_it_for_now(clock: Clock, part: str) -> None:
    mine = Rows(clock, 100_000, share=0.0)
    kept = Upkeep(mine, nothing) if part == "index" else Upkeep(nothing, mine)
    _until_nothing_follows(kept)
    before = len(mine.asked)
    kept.expect()
    _until_nothing_follows(kept)
    assert before < len(mine.asked) < 6, "it is tried now and then"
    assert set(mine.asked) == {FIRST}, "and does not begin with smaller steps"


def test_counting_has_its_turn_while_keys_keep_coming(clock: Clock) -> None:
    keys, scores = Rows(clock, 1_000_000), Rows(clock, 1_000_000)
    kept = Upkeep(keys, scores)
    assert all(kept.step() for _ in range(10))
    assert len(keys.asked) == len(scores.asked) == 5


def test_scores_that_come_after_all_were_counted_wait_for_each_other(clock: Clock) -> None:
    scores = Rows(clock, 0)
    kept = Upkeep(nothing, scores)
    for _ in range(5):
        kept.expect()
        _until_nothing_follows(kept)
    assert len(scores.asked) == 1
    clock.now += 1.1
    kept.step()
    assert len(scores.asked) == 2


def test_the_next_step_follows_only_if_enough_is_left(clock: Clock) -> None:
    keys = Rows(clock, 3)
    kept = Upkeep(keys, nothing)
    kept.step()  # of counts, which an earlier process may have left
    _until_nothing_follows(kept)
    keys.waiting = 3
    kept.expect()
    assert not kept.step(), "a transaction for three keys, again and again"


def test_what_cannot_be_counted_ends_nobody_and_is_tried_again_later(clock: Clock) -> None:
    scores = Rows(clock, 5)
    scores.failure = ValueError("something that nobody foresaw")
    kept = Upkeep(nothing, scores)
    for _ in range(5):
        kept.expect()
        kept.step()
    assert len(scores.asked) == 1
    clock.now, scores.failure = clock.now + 61, None
    _until_nothing_follows(kept)
    assert not scores.waiting


@pytest.mark.parametrize("part", ["index", "count"])
def test_a_ledger_that_is_away_is_told_and_nothing_is_forgotten(clock: Clock, part: str) -> None:
    keys, scores = Rows(clock, 5), Rows(clock, 5)
    away = keys if part == "index" else scores
    away.failure = StoreUnavailable("away")
    kept = Upkeep(keys, scores)
    with pytest.raises(StoreUnavailable):
        _until_nothing_follows(kept)
    away.failure = None
    _until_nothing_follows(kept)
    assert keys.waiting == scores.waiting == 0


def _until_nothing_follows(kept: Upkeep) -> None:
    while kept.step():
        pass
