"""A file of a version changes on the volume: what runs goes on, what starts says what it does."""

import hashlib
import json

import msgspec
import pytest

from benchmarks.faults.load import Load, under_load
from benchmarks.faults.service import until
from benchmarks.faults.world import SCORE, body
from crispml_core.domain.models import FALLBACK

pytestmark = pytest.mark.slow

JSON = {"Content-Type": "application/json"}
COMPILED, MANIFEST = "compiled.bin", "manifest.json"


@pytest.fixture
def champion(world):
    """The folder of the champion; `repair` in it puts everything back."""
    folder = world.files(world.versions[0])
    return folder, {path: path.read_bytes() for path in folder.iterdir()}


def damage(folder):
    file = folder / COMPILED
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def repair(champion):
    for path, content in champion[1].items():
        path.write_bytes(content)


def score(service, key):
    status, answer = service.ask("POST", SCORE, body(key), JSON)
    return status, json.loads(answer)


def test_what_serves_already_goes_on_serving(serve, world, champion):
    service = serve()
    damage(champion[0])
    with under_load(service, "k") as load:
        until(lambda: len(load.heard.told) > 500)
        heard = load.stop()
    assert heard.refused == []
    assert {(one.version, one.fallback) for one in heard.told} == {(world.versions[0], False)}


def test_a_new_process_serves_the_fallback_says_so_and_returns_by_itself(
    serve, world, truth, champion
):
    world.move(world.versions[1], FALLBACK)
    damage(champion[0])
    service = serve()
    with Load(service, "k", connections=8, pause_s=0.01) as load:
        until(lambda: len(load.heard.told) > 50)
        assert {(one.version, one.fallback) for one in load.heard.told} == {
            (world.versions[1], True)
        }
        assert service.metric("crispml_fallback_serving") == 1
        reason = service.checks()["champion orders"]
        assert f"the fallback {world.versions[1]} serves" in reason
        assert COMPILED in reason
        (event,) = service.events("registry_damaged")
        assert (event["kind"], event["version"]) == ("fallback", world.versions[0])
        assert COMPILED in event["detail"]
        repair(champion)
        until(lambda: load.heard.told[-1].version == world.versions[0])
        heard = load.stop()
    assert heard.refused == []
    assert not heard.told[-1].fallback
    assert service.metric("crispml_fallback_serving") == 0
    assert service.checks()["champion orders"] == "ok"
    truth.look()
    truth.check(heard.told)


def test_without_a_fallback_the_use_case_is_not_ready_and_says_why(serve, champion):
    damage(champion[0])
    service = serve(is_ready=False)
    until(lambda: COMPILED in service.checks().get("champion orders", ""))
    # A new pod must not take the place of one that still serves the version.
    assert service.ask("GET", "/readyz")[0] == 503
    status, problem = score(service, "k-1")
    assert (status, problem["code"]) == (503, "not_ready")
    assert COMPILED in problem["detail"]
    assert service.ask("GET", "/v2/health/ready")[0] == 503
    assert service.ask("GET", "/v2/models/orders/ready")[0] == 503
    until(lambda: service.events("not_ready"))
    repair(champion)
    until(lambda: score(service, "k-2")[0] == 200)
    assert service.ask("GET", "/readyz")[0] == 200
    assert service.ask("GET", "/v2/models/orders/ready")[0] == 200


def nothing(plan):
    return b""


def bytes_of_another_kind(plan):
    return b"\x93\x01\x02\x03"


def a_plan_of_a_field_that_is_none(plan):
    decoded = msgspec.msgpack.decode(plan)
    decoded["columns"][0]["source"] = "nothing"
    return msgspec.msgpack.encode(decoded)


@pytest.mark.parametrize("forge", [nothing, bytes_of_another_kind, a_plan_of_a_field_that_is_none])
def test_a_file_that_fits_its_manifest_but_means_nothing_is_refused_like_any_other(
    serve, world, champion, forge
):
    world.move(world.versions[1], FALLBACK)
    folder = champion[0]
    content = forge((folder / COMPILED).read_bytes())
    (folder / COMPILED).write_bytes(content)
    manifest = json.loads((folder / MANIFEST).read_text())
    (entry,) = (entry for entry in manifest["files"] if entry["name"] == COMPILED)
    entry |= {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    service = serve()
    status, answer = score(service, "k-1")
    assert (status, answer["version"], answer["fallback"]) == (200, world.versions[1], True)
    # The aliases are followed all the same.
    world.move(world.versions[1])
    until(lambda: score(service, "k-2")[1]["fallback"] is False)
