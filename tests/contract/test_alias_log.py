"""What every alias log does."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from crispml_core.domain.errors import (
    Conflict,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
)
from crispml_core.domain.models import ANY_VERSION


@pytest.fixture
def aliases(stores):
    return stores.aliases


def test_an_alias_points_where_it_was_moved_last(stores, aliases):
    assert aliases.current("credit", "champion") is None
    first = aliases.move("credit", "champion", "v1", expected=None, moved_by="ann", reason="new")
    assert (first.sequence, first.moved_at) == (1, stores.clock())
    assert (first.moved_by, first.reason) == ("ann", "new")

    stores.clock.advance(10)
    second = aliases.move("credit", "champion", "v2", expected="v1")

    assert aliases.current("credit", "champion") == second
    assert aliases.history("credit", "champion") == [second, first]


def test_a_move_is_bound_to_the_bytes_of_its_version_and_to_its_environment(aliases):
    event = aliases.move("credit", "champion", "v1", expected=None, digest="d" * 64)

    assert (event.environment, event.digest) == ("qa", "d" * 64)
    assert aliases.current("credit", "champion") == event


def test_the_moves_to_a_version_are_found_under_every_alias(aliases):
    first = aliases.move("credit", "champion", "v1", expected=None)
    aliases.move("credit", "champion", "v2", expected="v1")
    aliases.move("churn", "champion", "v1", expected=None)
    second = aliases.move("credit", "fallback", "v1", expected=None)

    assert aliases.moves_to("credit", "v1") == [first, second]
    assert aliases.moves_to("credit", "v3") == []


def test_the_past_can_be_asked(stores, aliases):
    first = aliases.move("credit", "champion", "v1", expected=None)
    stores.clock.advance(10)
    second = aliases.move("credit", "champion", "v2", expected="v1")

    def at(moment):
        return aliases.current("credit", "champion", moment)

    assert at(first.moved_at - timedelta(microseconds=1)) is None
    assert at(first.moved_at) == first
    assert at(second.moved_at - timedelta(microseconds=1)) == first
    assert at(second.moved_at) == second


@pytest.mark.parametrize(
    ("expected", "error"), [(None, PreconditionRequired), ("v2", PreconditionFailed)]
)
def test_a_move_that_expects_something_else_changes_nothing(aliases, expected, error):
    first = aliases.move("credit", "champion", "v1", expected=None)

    with pytest.raises(error):
        aliases.move("credit", "champion", "v3", expected=expected)

    assert aliases.history("credit", "champion") == [first]


def test_an_alias_that_does_not_exist_points_at_no_version(aliases):
    with pytest.raises(PreconditionFailed):
        aliases.move("credit", "champion", "v1", expected="v0")

    assert aliases.aliases("credit") == {}


def test_any_version_moves_in_any_case(aliases):
    aliases.move("credit", "champion", "v1", expected=ANY_VERSION)

    assert aliases.move("credit", "champion", "v2", expected=ANY_VERSION).version == "v2"


def test_each_model_has_one_sequence_over_all_of_its_aliases(aliases):
    champion = aliases.move("credit", "champion", "v1", expected=None)
    fallback = aliases.move("credit", "fallback", "v0", expected=None)
    other = aliases.move("churn", "champion", "v9", expected=None)
    moved = aliases.move("credit", "champion", "v2", expected="v1")

    assert [e.sequence for e in (champion, fallback, moved)] == [1, 2, 3]
    assert other.sequence == 1
    assert aliases.aliases("credit") == {"champion": moved, "fallback": fallback}


def test_times_follow_the_sequence_when_a_clock_goes_back(stores, aliases):
    first = aliases.move("credit", "champion", "v1", expected=None)
    stores.clock.advance(-60)

    second = aliases.move("credit", "champion", "v2", expected="v1")

    assert second.moved_at >= first.moved_at
    assert aliases.current("credit", "champion", second.moved_at) == second


def test_of_many_moves_at_once_one_wins(aliases):
    aliases.move("credit", "champion", "v0", expected=None)
    outcomes = at_once(
        6, lambda i: aliases.move("credit", "champion", f"v{i + 1}", expected="v0").version
    )

    won = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert len(won) == 1
    assert all(isinstance(o, PreconditionFailed) for o in outcomes if not isinstance(o, str))
    assert aliases.current("credit", "champion").version == won[0]
    assert len(aliases.history("credit", "champion")) == 2


def test_moves_of_different_aliases_at_once_all_succeed(aliases):
    outcomes = at_once(
        5, lambda i: aliases.move("credit", f"alias-{i}", "v1", expected=None).sequence
    )

    assert sorted(outcomes) == [1, 2, 3, 4, 5]


def at_once(count, move):
    """What each of `count` simultaneous moves returned or raised."""
    barrier, outcomes = threading.Barrier(count), []

    def work(i):
        barrier.wait()
        try:
            outcomes.append(move(i))
        except Conflict as error:
            outcomes.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_a_move_keeps_the_share_of_a_challenger(aliases):
    first = aliases.move("credit", "challenger", "v2", expected=None, traffic=0.125)
    raised = aliases.move("credit", "challenger", "v2", expected="v2", traffic=0.25)

    assert (first.traffic, raised.traffic) == (0.125, 0.25)
    assert aliases.current("credit", "challenger") == raised
    assert aliases.aliases("credit")["challenger"].traffic == 0.25
    assert aliases.history("credit", "challenger") == [raised, first]
    assert aliases.move("credit", "champion", "v1", expected=None).traffic == 0


def test_a_removed_alias_points_nowhere_and_its_history_tells_it(stores, aliases):
    first = aliases.move("credit", "challenger", "v2", expected=None)
    stores.clock.advance(10)
    removed = aliases.remove("credit", "challenger", expected="v2", moved_by="ann", reason="lost")

    assert (removed.is_removal, removed.version, removed.sequence) == (True, "", 2)
    assert (removed.moved_by, removed.reason) == ("ann", "lost")
    assert aliases.current("credit", "challenger") is None
    assert aliases.current("credit", "challenger", first.moved_at) == first
    assert aliases.aliases("credit") == {}
    assert aliases.newest("credit") == {"challenger": removed}
    assert aliases.highest() == {"credit": 2}
    assert aliases.history("credit", "challenger") == [removed, first]

    again = aliases.move("credit", "challenger", "v3", expected=None)

    assert aliases.current("credit", "challenger") == again


@pytest.mark.parametrize(
    ("expected", "error"), [(None, PreconditionRequired), ("v1", PreconditionFailed)]
)
def test_a_removal_that_expects_something_else_changes_nothing(aliases, expected, error):
    first = aliases.move("credit", "challenger", "v2", expected=None)

    with pytest.raises(error):
        aliases.remove("credit", "challenger", expected=expected)

    assert aliases.history("credit", "challenger") == [first]


def test_what_points_nowhere_cannot_be_removed(aliases):
    for expected in (None, "v1", ANY_VERSION):
        with pytest.raises(NotFound):
            aliases.remove("credit", "challenger", expected=expected)
    aliases.move("credit", "challenger", "v2", expected=None)
    aliases.remove("credit", "challenger", expected=ANY_VERSION)
    with pytest.raises(NotFound):
        aliases.remove("credit", "challenger", expected=ANY_VERSION)

    assert aliases.highest() == {"credit": 2}


def test_moves_are_counted_by_model_and_alias_with_removals(aliases):
    assert aliases.move_counts() == {}
    aliases.move("credit", "champion", "v1", expected=None)
    aliases.move("credit", "champion", "v2", expected="v1")
    aliases.remove("credit", "champion", expected="v2")
    aliases.move("churn", "fallback", "v1", expected=None)
    assert aliases.move_counts() == {("credit", "champion"): 3, ("churn", "fallback"): 1}
