"""The cache follows an alias within a second and loads each version once."""

import threading

import pytest

from crispml_core.domain.errors import NotFound, NotReady, RegistryDamaged
from crispml_core.serving.model_cache import ALIAS_AGE_S, MAX_VERSIONS, ModelCache
from crispml_core.testing.fakes.alias_log import FakeAliasLog


class Loader:
    """Counts what it loads."""

    def __init__(self):
        self.loaded = []

    def load(self, use_case, version):
        self.loaded.append(version)
        return f"scorer of {version}"


@pytest.fixture
def world(toy):
    now = [100.0]
    aliases, loader = FakeAliasLog(), Loader()
    return aliases, loader, ModelCache(aliases, loader, clock=lambda: now[0]), now


def test_an_alias_move_is_seen_within_its_age(toy, world):
    aliases, _, cache, now = world
    aliases.move("toy", "champion", "v1", expected=None)
    assert cache.resolve(toy, "champion") == "v1"
    aliases.move("toy", "champion", "v2", expected="v1")
    assert cache.resolve(toy, "champion") == "v1"
    now[0] += ALIAS_AGE_S
    assert cache.resolve(toy, "champion") == "v2"
    assert ALIAS_AGE_S < 1


def test_a_missing_alias_says_what_to_do(toy, world):
    with pytest.raises(NotReady, match="no champion yet"):
        world[2].resolve(toy, "champion")
    assert "no champion yet" in world[2].check(toy)


def test_another_alias_that_is_missing_is_not_found(toy, world):
    world[0].move("toy", "champion", "v1", expected=None)
    with pytest.raises(NotFound, match="known: champion"):
        world[2].resolve(toy, "canary")


def test_a_version_is_loaded_once_and_the_least_used_one_goes_first(toy, world):
    _, loader, cache, _ = world
    for number in range(MAX_VERSIONS):
        cache.scorer(toy, f"v{number}")
    cache.scorer(toy, "v0")
    cache.scorer(toy, "new")
    cache.scorer(toy, "v0")
    assert loader.loaded == [*(f"v{number}" for number in range(MAX_VERSIONS)), "new"]
    cache.scorer(toy, "v1")
    assert loader.loaded[-1] == "v1"


class SlowLoader(Loader):
    """Loads the version ``slow`` only when it is told to go on."""

    def __init__(self):
        super().__init__()
        self.started, self.go_on = threading.Event(), threading.Event()

    def load(self, use_case, version):
        if version == "slow":
            self.started.set()
            assert self.go_on.wait(10)
        return super().load(use_case, version)


def test_a_slow_load_does_not_hold_up_a_version_that_is_in_memory(toy):
    loader = SlowLoader()
    cache = ModelCache(FakeAliasLog(), loader)
    cache.scorer(toy, "v1")
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(cache.scorer(toy, "slow"))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    assert loader.started.wait(10)
    assert cache.scorer(toy, "v1") == "scorer of v1"
    assert cache.scorer(toy, "v2") == "scorer of v2"
    assert found == []
    loader.go_on.set()
    for thread in threads:
        thread.join(10)
    assert found == ["scorer of slow"] * 3
    assert loader.loaded == ["v1", "v2", "slow"]


def test_a_load_that_failed_is_tried_again(toy, world):
    aliases, loader, cache, _ = world
    load = loader.load

    def fail(use_case, version):
        raise RegistryDamaged("model.skops is not what the manifest says")

    aliases.move("toy", "champion", "v1", expected=None)
    loader.load = fail
    assert "model.skops" in cache.check(toy)
    loader.load = load
    assert cache.check(toy) is None
