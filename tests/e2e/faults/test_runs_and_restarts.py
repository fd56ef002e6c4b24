"""Runs under way outlast a database that is away for less than their lease."""

import json
import time
from pathlib import Path

import pytest

from benchmarks.faults.service import NotReady, TrainingService, until

pytestmark = pytest.mark.slow

JSON = {"Content-Type": "application/json"}
LEASE_S = 20
USE_CASES = Path(__file__).parents[1] / "use_cases"


@pytest.fixture
def training(world, server):
    on_server = world.on(server.make_database("runs"))
    settings = {
        "CRISPML_USE_CASES": f"{USE_CASES / 'patience.py'}:patience",
        "CRISPML_RUNS__LEASE_S": str(LEASE_S),
        "CRISPML_RUNS__HEARTBEAT_S": "1",
        "CRISPML_DATABASE__RETRY_S": "1",
    }
    with TrainingService(on_server, settings) as started:
        yield started


def submit(training, seconds):
    asked = {"hyperparameters": {"patient": {"seconds": seconds}}}
    path = "/api/v1/use-cases/patience/cycle"
    status, answer = training.ask("POST", path, json.dumps(asked).encode(), JSON)
    assert status == 202, answer
    return json.loads(answer)["id"]


def run_of(training, run_id):
    return training.get(f"/api/v1/runs/{run_id}")


def is_at_work(training, run_id):
    return "model-training" in run_of(training, run_id).get("stage", "")


def ends(training, run_id):
    until(lambda: run_of(training, run_id).get("finished_at"), 90, "the run ends")
    return run_of(training, run_id)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_run_outlasts_a_restart_although_it_ends_meanwhile(training, server, mode):
    run_id = submit(training, seconds=3)
    until(lambda: is_at_work(training, run_id), 60)
    server.stop(mode)
    try:
        assert training.ask("GET", "/livez")[0] == 200
        status, answer = training.ask("GET", "/readyz?verbose")
        assert status == 503
        assert "does not answer" in json.loads(answer)["checks"]["database"]
        status, answer = training.ask("GET", f"/api/v1/runs/{run_id}")
        assert (status, json.loads(answer)["code"]) == (503, "store_unavailable")
        time.sleep(5)  # its training is over, and its end cannot be noted
    finally:
        server.start()
    run = ends(training, run_id)
    assert (run["status"], run["error"]) == ("succeeded", None)
    until(lambda: training.ask("GET", "/readyz")[0] == 200)


def test_a_run_outlasts_a_frozen_database(training, server):
    run_id = submit(training, seconds=3)
    until(lambda: is_at_work(training, run_id), 60)
    with server.frozen():
        began = time.monotonic()
        assert training.ask("GET", "/livez")[0] == 200
        assert training.ask("GET", "/readyz")[0] == 503
        assert time.monotonic() - began < 10
        time.sleep(3)
    assert ends(training, run_id)["status"] == "succeeded"


def test_a_service_does_not_start_without_its_database_and_says_so(world, server):
    on_server = world.on(server.make_database("start"))
    server.stop()
    try:
        with pytest.raises(NotReady, match="does not answer"), TrainingService(on_server):
            pass
    finally:
        server.start()
