"""Aliases are followed; a version that cannot serve leaves what serves in its place."""

import pytest

from crispml_core.domain.bundles import PromotionRefused
from crispml_core.domain.errors import (
    NotFound,
    NotReady,
    RegistryDamaged,
    StoreUnavailable,
)
from crispml_core.domain.events import EventKind
from crispml_core.serving.failures import RETRY_S
from tests.unit.serving.live_world import World


@pytest.fixture
def world(toy):
    return World(toy)


def test_a_move_is_followed_and_what_a_request_has_does_not_change(world):
    world.move("v1")
    world.live.refresh()
    taken = world.live.find("toy", "champion")
    world.move("v2")
    world.live.refresh()
    assert (taken.served.version, world.version()) == ("v1", "v2")
    assert world.live.status() == {"toy": None}


def test_nothing_is_loaded_twice(world):
    world.move("v1")
    for _ in range(3):
        world.live.refresh()
    world.move("v1", "challenger")
    assert world.live.resolve("toy", "challenger").served.alias == "challenger"
    assert world.loaded == ["v1"]


def test_a_name_is_no_way_around_the_rules_of_the_environment(world):
    world.refused.add("v2")
    world.move("v1")
    world.move("v2", "candidate")
    world.live.refresh()
    with pytest.raises(PromotionRefused, match="never let this version answer"):
        world.live.version("toy", "v2")
    with pytest.raises(PromotionRefused):
        world.live.resolve("toy", "candidate")
    assert "v2" not in world.loaded  # nothing of it is read
    assert world.live.version("toy", "v1").served.version == "v1"
    assert world.live.loaded("toy", "v2") is not None  # a replay answers nobody


def test_an_alias_that_moves_to_a_refused_version_goes_on_with_the_one_before(world):
    world.move("v1", "candidate")
    assert world.live.resolve("toy", "candidate").served.version == "v1"
    world.refused.add("v2")
    world.move("v2", "candidate")
    world.live.refresh()
    assert world.version("candidate") == "v1"
    world.refused.clear()
    world.now += RETRY_S
    world.live.refresh()
    assert world.version("candidate") == "v2"


def test_a_champion_is_broken_only_while_nothing_serves_as_it(world):
    world.broken["v1"] = RegistryDamaged("v1 is damaged")
    world.live.refresh()
    assert world.live.broken() == set()
    world.move("v1")
    world.live.refresh()
    assert world.live.broken() == {"toy"}
    world.move("v2", "fallback")
    world.now += RETRY_S
    world.live.refresh()
    assert world.live.broken() == set()


def test_without_a_champion_the_service_waits_and_says_what_to_do(world):
    world.live.refresh()
    with pytest.raises(NotReady, match="no champion yet"):
        world.live.resolve("toy", "champion")
    assert "no champion yet" in world.live.status()["toy"]
    assert world.live.fallbacks() == {}


def test_an_unknown_alias_or_use_case_is_not_found_and_not_repeated(world):
    world.move("v1")
    world.live.refresh()
    with pytest.raises(NotFound, match="known: champion") as caught:
        world.live.resolve("toy", "CANARY")
    assert "CANARY" not in caught.value.message
    with pytest.raises(NotFound, match="known: toy"):
        world.live.resolve("OTHER", "champion")


def test_a_broken_version_leaves_the_one_before_serving(world):
    world.move("v1")
    world.live.refresh()
    world.broken["v2"] = RegistryDamaged("a file is not what its manifest says")
    world.move("v2")
    world.live.refresh()
    assert world.version() == "v1"
    assert not world.live.find("toy", "champion").served.fallback
    reason = world.live.status()["toy"]
    assert "the version before v1 serves" in reason
    assert "not what its manifest says" in reason
    assert world.live.fallbacks() == {"toy": reason}
    assert [event.kind for event in world.events] == [EventKind.SERVING, EventKind.FALLBACK]


def test_at_start_the_fallback_answers_for_a_broken_champion_and_says_so(world):
    world.broken["v2"] = NotReady("it does not reproduce itself here")
    world.move("v1", "fallback")
    world.move("v2")
    world.live.refresh()
    active = world.live.find("toy", "champion")
    assert (active.served.version, active.served.fallback) == ("v1", True)
    assert "the fallback v1 serves" in world.live.status()["toy"]


def test_a_broken_champion_serves_again_once_it_loads(world):
    world.broken["v2"] = StoreUnavailable("the volume does not answer")
    world.move("v1", "fallback")
    world.move("v2")
    world.live.refresh()
    del world.broken["v2"]
    world.live.refresh()
    assert world.version() == "v1"  # not at every look
    world.now += RETRY_S
    world.live.refresh()
    assert world.version() == "v2"
    assert not world.live.find("toy", "champion").served.fallback
    assert world.live.status() == {"toy": None}


def test_a_broken_champion_without_a_fallback_is_not_ready_with_its_reason(world):
    world.broken["v2"] = NotReady("onnxruntime is not installed")
    world.move("v2")
    world.live.refresh()
    with pytest.raises(NotReady, match="onnxruntime"):
        world.live.resolve("toy", "champion")


def test_when_nobody_knows_where_aliases_point_what_serves_goes_on(toy):
    world = World(toy)
    world.move("v1")
    world.live.refresh()

    def away():
        raise StoreUnavailable("away")

    world.live._highest = away
    with pytest.raises(StoreUnavailable):
        world.live.refresh()
    assert world.version() == "v1"


def test_an_older_view_of_the_aliases_moves_nothing_back(world):
    world.move("v1")
    world.move("v2")
    world.live.refresh()
    world.live._highest = lambda: {"toy": 1}
    world.live._read_aliases = lambda model: {}
    world.live.refresh()
    assert world.version() == "v2"


def test_versions_that_no_alias_names_are_dropped_first_when_memory_is_short(world):
    world.move("v1")
    world.live.refresh()
    for version in ("a", "b", "c"):
        assert world.live.version("toy", version).served.alias is None
    assert world.versions.find("toy", "v1") is not None
    assert world.versions.find("toy", "a") is None
    assert world.versions.find("toy", "c") is not None
    assert len(world.versions) == 2


def test_a_removed_alias_means_nothing_any_more(world):
    world.move("v1")
    world.move("v2", "challenger")
    world.live.resolve("toy", "challenger")
    world.aliases.remove("toy", "challenger", expected="v2")
    world.live.refresh()
    assert (world.version(), world.version("challenger")) == ("v1", None)
    with pytest.raises(NotFound):
        world.live.resolve("toy", "challenger")


@pytest.fixture
def released(world):
    """A world with a champion v2 and a fallback v1."""
    world.move("v1", "fallback")
    world.move("v2")
    world.live.refresh()
    return world


def test_the_fallback_answers_for_an_unfit_champion_and_no_alias_moves(released):
    highest = released.aliases.highest()
    released.judge("v2", healthy=False)
    assert released.serving() == ("v1", True)
    reason = released.live.status()["toy"]
    assert "the fallback v1 serves" in reason
    assert "v2 cannot: it was judged unfit: the AUC is below its gate" in reason
    assert released.live.fallbacks() == {"toy": reason}
    assert list(released.live.unfit()) == ["toy"]
    assert released.live.broken() == set()
    assert (released.events[-1].kind, released.events[-1].code) == ("fallback", "version_unfit")
    assert released.aliases.highest() == highest


def test_an_unfit_champion_returns_when_enough_verdicts_say_so(released):
    released.judge("v2", healthy=False)
    released.judge("v2", healthy=True)
    assert released.serving() == ("v1", True)
    released.judge("v2", healthy=True)
    assert released.serving() == ("v2", False)
    assert released.live.status() == {"toy": None}
    assert released.live.unfit() == {}
    assert released.events[-1].kind is EventKind.SERVING


def test_a_change_is_told_once_however_often_one_looks(released):
    released.judge("v2", healthy=False)
    told = len(released.events)
    for _ in range(3):
        released.now += RETRY_S
        released.live.refresh()
    assert len(released.events) == told


@pytest.mark.parametrize("fallback", [None, "v2", "unfit", "broken"])
def test_an_unfit_champion_that_nobody_can_answer_for_goes_on_and_says_so(world, fallback):
    if fallback is not None:
        world.move("v2" if fallback == "v2" else "v1", "fallback")
    if fallback == "broken":
        world.broken["v1"] = RegistryDamaged("v1 is damaged")
    if fallback == "unfit":
        world.judge("v1", healthy=False)
    world.move("v2")
    world.live.refresh()
    world.judge("v2", healthy=False)
    assert world.serving() == ("v2", False)
    assert "v2 goes on serving, as no fallback can" in world.live.status()["toy"]
    assert list(world.live.unfit()) == ["toy"]
    assert world.live.fallbacks() == {}
    assert [e.code for e in world.events].count("version_unfit") == 1


def test_a_fallback_that_comes_later_answers_for_the_unfit_champion(world):
    world.move("v2")
    world.judge("v2", healthy=False)
    world.move("v1", "fallback")
    world.live.refresh()
    assert world.serving() == ("v1", True)


def test_another_champion_answers_at_once_when_the_one_before_was_unfit(released):
    released.judge("v2", healthy=False)
    released.move("v3")
    released.live.refresh()
    assert released.serving() == ("v3", False)
    assert released.live.unfit() == {}


def test_the_fallback_answers_while_there_is_no_champion_yet(world):
    world.move("v1", "fallback")
    world.live.refresh()
    assert world.serving() == ("v1", True)
    reason = world.live.status()["toy"]
    assert "the fallback v1 serves, because model toy has no champion yet" in reason
    assert world.live.fallbacks() == {"toy": reason}
    assert world.live.broken() == set()
    assert [event.code for event in world.events].count("champion_missing") == 1
    world.move("v2")
    world.live.refresh()
    assert world.serving() == ("v2", False)


def test_a_fallback_that_is_removed_stands_in_for_nobody(world):
    world.move("v1", "fallback")
    world.live.refresh()
    world.aliases.remove("toy", "fallback", expected="*")
    world.live.refresh()
    assert world.live.find("toy", "champion") is None
    assert "no champion yet" in world.live.status()["toy"]


def test_verdicts_that_cannot_be_read_change_nothing(released):
    released.judge("v2", healthy=False)

    def away():
        raise StoreUnavailable("away")

    released.live._health._highest = away
    released.live.refresh()
    assert released.serving() == ("v1", True)


def test_a_fallback_that_moves_while_it_answers_is_followed(released):
    released.judge("v2", healthy=False)
    released.move("v0", "fallback")
    released.live.refresh()
    assert released.serving() == ("v0", True)
