"""A version whose signature does not count any more does not answer any more."""

import pytest

from crispml_core.domain.errors import NotReady, StoreUnavailable, UntrustedSignature
from crispml_core.domain.events import EventKind
from tests.unit.serving.live_world import World


@pytest.fixture
def world(toy):
    return World(toy)


def test_the_fallback_answers_for_a_champion_whose_key_lost_the_trust(world):
    world.move("v1", "fallback")
    world.move("v2")
    world.live.refresh()
    assert world.serving() == ("v2", False)

    world.distrust("v2")
    world.live.refresh()

    assert world.serving() == ("v1", True)
    assert "not trusted here" in world.live.status()["toy"]
    assert world.live.untrusted() == {"toy"}
    assert (world.events[-1].kind, world.events[-1].code) == (
        EventKind.FALLBACK,
        "untrusted_signature",
    )


def test_without_a_fallback_nothing_answers_for_it(world):
    world.move("v1")
    world.live.refresh()
    world.distrust("v1")
    world.live.refresh()

    with pytest.raises(NotReady, match="not trusted here"):
        world.live.resolve("toy", "champion")
    assert world.live.broken() == {"toy"}


def test_a_version_that_lost_the_trust_is_not_answered_by_its_name_either(world):
    world.move("v1")
    world.live.refresh()
    assert world.live.version("toy", "v2").served.version == "v2"
    world.distrust("v2")
    world.live.refresh()

    with pytest.raises(UntrustedSignature):
        world.live.version("toy", "v2")
    assert world.serving() == ("v1", False)


def test_a_champion_that_is_trusted_again_answers_at_once(world):
    world.move("v1", "fallback")
    world.move("v2")
    world.distrust("v2")
    world.live.refresh()
    assert world.serving() == ("v1", True)

    world.distrust()
    world.live.refresh()

    assert world.serving() == ("v2", False)
    assert world.live.untrusted() == set()


def test_a_challenger_that_lost_the_trust_is_let_go(world, toy):
    world.move("v1")
    world.move("v2", "challenger")
    world.live.refresh()
    world.versions.get(toy, "v2")
    world.live.refresh()
    assert world.live.find("toy", "champion").challenger.served.version == "v2"

    world.distrust("v2")
    world.live.refresh()

    assert world.live.find("toy", "champion").challenger is None


def test_a_folder_of_keys_that_does_not_answer_takes_nothing_away(world):
    def away():
        raise StoreUnavailable("the folder cannot be read")

    world.move("v1")
    world.live.refresh()
    world.distrusted = {"v1"}
    world.live._trust._state = away
    world.live.refresh()

    assert world.serving() == ("v1", False)
