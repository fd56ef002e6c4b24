"""The champion moves again and again under load, and no request notices."""

import time

import msgspec
import pytest

from benchmarks.faults.load import under_load
from benchmarks.faults.service import until
from benchmarks.faults.world import SCORE, USE_CASE, body
from crispml_core.domain.models import ANY_VERSION, CHAMPION

pytestmark = pytest.mark.slow

MOVES = 50
VISIBLE_S = 1.0
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def move(world):
    """Move the champion as the training service does, and return the moment after it."""
    parts = world.training()

    def move(version):
        parts.aliases.move(USE_CASE, CHAMPION, version, expected=ANY_VERSION, reason="test")
        parts.project_aliases(USE_CASE)
        return time.monotonic()

    yield move
    parts.close()


def answers_of(service, version, keys):
    """Return the probability that a version gives to the record of each key."""
    headers = {**JSON, "Accept": "application/x-ndjson"}
    content = b"[" + b",".join(body(key) for key in keys) + b"]"
    status, answer = service.ask("POST", f"{SCORE}?model_version={version}", content, headers)
    assert status == 200
    lines = map(msgspec.json.decode, answer.splitlines())
    return {line["record_key"]: line["probability"] for line in lines}


def test_fifty_moves_under_load_fail_no_request_mix_none_and_show_within_a_second(
    serve, world, truth, move
):
    service = serve()
    slowest = 0.0
    with under_load(service, "k", connections=32, pause_s=0.01) as load:
        for number in range(MOVES):
            version = world.versions[(number + 1) % 2]
            moved = move(version)
            until(lambda version=version: load.heard.told[-1].version == version)
            slowest = max(slowest, time.monotonic() - moved)
        heard = load.stop()
    assert slowest < VISIBLE_S
    assert heard.refused == []
    assert heard.broken == 0
    assert {one.version for one in heard.told} == set(world.versions)
    # The version in the answer is that of the stored group, and it is the one that answered.
    truth.look()
    truth.check(heard.told)
    for version in world.versions:
        mine = [one for one in heard.told if one.version == version][::20]
        expected = answers_of(service, version, [one.record_key for one in mine])
        assert {one.record_key: one.probability for one in mine} == expected
    assert service.metric("crispml_fallback_serving") == 0
    assert len(service.events("version_serves")) == MOVES + 1


def test_after_a_move_has_shown_nothing_is_answered_by_the_version_before(serve, world, move):
    service = serve()
    with under_load(service, "k", connections=32, pause_s=0.01) as load:
        moved = move(world.versions[1])
        time.sleep(VISIBLE_S + 0.5)
        heard = load.stop()
    late = {one.version for one in heard.told if one.at > moved + VISIBLE_S}
    assert late == {world.versions[1]}
