"""Aliases are followed; a version that cannot serve leaves what serves in its place."""

from types import SimpleNamespace

import pytest

from crispml_core.domain.errors import NotFound, NotReady, RegistryDamaged, StoreUnavailable
from crispml_core.domain.events import EventKind
from crispml_core.serving.live_models import RETRY_S, LiveModels
from crispml_core.serving.loaded_versions import LoadedVersions
from crispml_core.testing.fakes.alias_log import FakeAliasLog


class World:
    """A use case, its aliases, and versions that load or do not."""

    def __init__(self, toy):
        self.aliases = FakeAliasLog()
        self.loaded, self.events = [], []
        self.broken = {}
        self.now = 100.0
        self.versions = LoadedVersions(self.load, memory_bytes=1000)
        self.live = LiveModels(
            {"toy": toy},
            self.versions,
            self.aliases.highest,
            self.aliases.aliases,
            clock=lambda: self.now,
        )
        self.live.watch(self.events.append)

    def load(self, use_case, version):
        self.loaded.append(version)
        if version in self.broken:
            raise self.broken[version]
        manifest = SimpleNamespace(
            model="toy", version=version, classes=("no", "yes"), conformal=None
        )
        return SimpleNamespace(manifest=manifest, size_bytes=400, plan=None)

    def move(self, version, alias="champion"):
        self.aliases.move("toy", alias, version, expected="*")

    def version(self, alias="champion"):
        active = self.live.find("toy", alias)
        return None if active is None else active.served.version


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
