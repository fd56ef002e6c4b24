"""Methods become runs, and runs can be waited for, followed, repeated and cancelled."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.runs import RunStatus

CYCLE = "/api/v1/use-cases/toy/cycle"
INGEST = "/api/v1/use-cases/toy/data-ingestion"


def test_a_method_is_accepted_as_a_queued_run(training: Any) -> None:
    sent = {"seed": 7, "sample": 0.5, "where": "amount > 10"}
    answer = training.client.post(INGEST, json=sent, headers={"X-Request-ID": "r-9"})
    run = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/v1/runs/{run['id']}"
    assert (run["use_case"], run["method"], run["status"]) == ("toy", "data-ingestion", "queued")
    assert {name: run["parameters"][name] for name in sent} == sent
    assert run["parameters"]["sensitivity"] is None
    assert (run["timeout_s"], run["request_id"]) == (3600, "r-9")
    assert training.client.get(answer.headers["Location"]).json() == run
    assert training.executor.calls[-1] == "wake"


def test_a_cycle_needs_no_body(training: Any) -> None:
    answer = training.client.post(CYCLE)
    assert answer.status_code == 202
    assert answer.json()["parameters"]["algorithms"] == ["linear"]


def test_the_timeout_of_the_request_counts(training: Any) -> None:
    answer = training.client.post(CYCLE, json={"timeout_s": 12.5})
    assert answer.json()["timeout_s"] == 12.5
    assert "timeout_s" not in answer.json()["parameters"]


def test_prefer_wait_answers_with_the_finished_run(training: Any) -> None:
    training.end_runs_at_once(dataset_id="d1", rows=3)
    answer = training.client.post(INGEST, json={}, headers={"Prefer": "wait=30"})
    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "wait=30"
    assert answer.json()["status"] == "succeeded"
    assert answer.json()["result"] == {"dataset_id": "d1", "rows": 3}


def test_prefer_wait_gives_up_in_time(training: Any) -> None:
    started = time.monotonic()
    answer = training.client.post(INGEST, json={}, headers={"Prefer": "wait=0.2"})
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert 0.2 <= time.monotonic() - started < 5


def test_a_second_live_cycle_of_the_same_use_case_is_refused_by_the_name_of_the_run(
    training: Any,
) -> None:
    first = training.client.post(CYCLE).json()
    second = training.client.post(CYCLE)
    assert (second.status_code, second.json()["code"]) == (409, "conflict")
    assert first["id"] in second.json()["detail"]
    training.end_run(first["id"])
    assert training.client.post(CYCLE).status_code == 202


def test_a_repeated_key_returns_the_run_it_made(training: Any) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = training.client.post(CYCLE, json={"seed": 1}, headers=key)
    again = training.client.post(CYCLE, json={"seed": 1}, headers=key)
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    assert len(training.parts.runs.find()) == 1
    other = training.client.post(CYCLE, json={"seed": 2}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_runs_are_listed_newest_first_and_filtered(training: Any) -> None:
    made = [training.client.post(INGEST, json={"seed": seed}).json()["id"] for seed in range(3)]
    cycle = training.client.post(CYCLE).json()["id"]
    listed = training.client.get("/api/v1/runs").json()
    assert [run["id"] for run in listed["items"]] == [cycle, *reversed(made)]
    assert listed["next_cursor"] is None
    only = training.client.get("/api/v1/runs", params={"method": "cycle"}).json()
    assert [run["id"] for run in only["items"]] == [cycle]
    none = training.client.get("/api/v1/runs?status=failed&use_case=toy").json()
    assert none == {"items": [], "next_cursor": None}
    assert training.client.get("/api/v1/runs?status=odd").status_code == 422


def test_pages_of_runs_follow_the_link(training: Any) -> None:
    made = [training.client.post(INGEST, json={"seed": seed}).json()["id"] for seed in range(5)]
    seen, address = [], "/api/v1/runs?limit=2&use_case=toy"
    while address:
        answer = training.client.get(address)
        seen += [run["id"] for run in answer.json()["items"]]
        assert ("Link" in answer.headers) == (answer.json()["next_cursor"] is not None)
        address = answer.links.get("next", {}).get("url")
    assert seen == made[::-1]


def test_a_queued_run_is_cancelled(training: Any) -> None:
    run = training.client.post(CYCLE).json()
    answer = training.client.post(f"/api/v1/runs/{run['id']}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
    assert training.client.post("/api/v1/runs/none/cancel").status_code == 404


def test_events_come_on_every_change_and_end_with_the_run(training: Any) -> None:
    run_id = training.client.post(CYCLE).json()["id"]
    runs = training.parts.runs

    def work() -> None:
        runs.lease("worker", 60, ("cycle",))
        time.sleep(0.8)
        runs.progress(run_id, "worker", 40.0, "ModelTraining", ())
        time.sleep(0.8)
        runs.finish(run_id, "worker", RunStatus.SUCCEEDED, result={"model": "toy"})

    worker = threading.Thread(target=work)
    worker.start()
    answer = training.client.get(f"/api/v1/runs/{run_id}/events")
    worker.join()
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    seen = [(run["status"], run["stage"]) for run in _events(answer.text)]
    assert seen[-1] == ("succeeded", "ModelTraining")
    assert ("running", "ModelTraining") in seen
    assert len(seen) == len(set(seen))


def test_events_of_a_run_that_has_ended_are_one(training: Any) -> None:
    run_id = training.client.post(CYCLE).json()["id"]
    training.end_run(run_id)
    (run,) = _events(training.client.get(f"/api/v1/runs/{run_id}/events").text)
    assert run["status"] == "succeeded"
    assert training.client.get("/api/v1/runs/none/events").status_code == 404


def test_a_quiet_stream_stays_alive_and_survives_a_locked_database(
    training: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crispml_core.rest.routes.runs.KEEP_ALIVE_S", 0.0)
    monkeypatch.setattr("crispml_core.rest.routes.runs.LOOK_S", 0.01)
    run_id = training.client.post(CYCLE).json()["id"]
    get, looks = training.parts.runs.get, iter(range(100))

    def locked_at_first(wanted: str) -> Any:
        look = next(looks)
        if 0 < look < 3:
            raise StoreUnavailable("the database is locked")
        if look == 5:
            training.end_run(run_id)
        return get(wanted)

    monkeypatch.setattr(training.parts.runs, "get", locked_at_first)
    text = training.client.get(f"/api/v1/runs/{run_id}/events").text
    assert ": still queued" in text
    assert _events(text)[-1]["status"] == "succeeded"


def test_a_stopping_service_ends_its_streams_and_waits(training: Any) -> None:
    run_id = training.client.post(CYCLE).json()["id"]
    training.app.state.draining = True
    assert len(_events(training.client.get(f"/api/v1/runs/{run_id}/events").text)) == 1
    answer = training.client.post(INGEST, json={}, headers={"Prefer": "wait=60"})
    assert answer.status_code == 202


def test_a_queue_that_does_not_answer_is_a_problem_to_try_again(
    training: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("the database is locked: try again")

    monkeypatch.setattr(training.parts.runs, "enqueue", locked)
    answer = training.client.post(CYCLE)
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert answer.headers["Retry-After"]


def _events(text: str) -> list[dict[str, Any]]:
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("event: run")]
    return [json.loads(lines[1].removeprefix("data: ")) for lines in blocks]
