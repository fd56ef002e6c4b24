from __future__ import annotations

import json

import httpx
import pytest

from crispml_core.client import runs
from crispml_core.client.errors import RequestRefused, RunNotSucceeded, WaitTimedOut
from crispml_core.domain.runs import RunStatus

EVENTS = "/api/v1/runs/r1/events"


def stream(*runs: dict, tail: str = "") -> httpx.Response:
    text = "".join(f"event: run\ndata: {json.dumps(run)}\n\n: still here\n\n" for run in runs)
    return httpx.Response(200, text=text + tail, headers={"Content-Type": "text/event-stream"})


@pytest.fixture
def clock():
    moments = iter(range(0, 1000))
    return lambda: next(moments)


def wait(service, **options):
    connection = service.connection(retries=0)
    run = next(runs.follow(connection, "r1", sleep=service.pauses.append))
    return runs.wait(connection, run, sleep=service.pauses.append, **options)


def test_every_change_of_the_event_stream_is_seen_once(service):
    states = [service.run(percent=p) for p in (10.0, 60.0)] + [service.run(status="succeeded")]
    service.on("GET", EVENTS, stream(*states))
    seen = []

    ended = wait(service, on_progress=lambda run: seen.append((run.status.value, run.percent)))

    assert ended.status is RunStatus.SUCCEEDED
    assert seen == [("running", 10.0), ("running", 60.0), ("succeeded", 10.0)]
    assert all(request.url.path == EVENTS for request in service.requests)


@pytest.mark.parametrize(
    "broken",
    [
        httpx.Response(404),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, text="event: run\ndata: {broken\n\n"),
        httpx.ReadTimeout("silent"),
    ],
)
def test_the_run_is_polled_where_events_do_not_come_through(service, broken):
    service.on("GET", EVENTS, broken)
    service.on(
        "GET",
        "/api/v1/runs/r1",
        service.run(),
        service.run(),
        service.run(percent=80.0),
        service.run(status="succeeded"),
    )

    states = list(runs.follow(service.connection(), "r1", sleep=service.pauses.append))

    assert [(run.status.value, run.percent) for run in states] == [
        ("running", 10.0),
        ("running", 80.0),
        ("succeeded", 10.0),
    ]
    assert service.pauses == [0.1, 0.2, 0.1]


def test_a_stream_that_breaks_in_the_middle_is_continued_by_polling(service):
    service.on("GET", EVENTS, stream(service.run(percent=30.0), tail='data: {"id"'))
    service.on("GET", "/api/v1/runs/r1", service.run(status="succeeded"))

    states = list(runs.follow(service.connection(), "r1", sleep=service.pauses.append))

    assert [run.status.value for run in states] == ["running", "succeeded"]


def test_a_run_that_fails_raises_its_reason_and_step(service):
    error = {"code": "invalid_records", "message": "row 3: age is missing", "step": "DataIngestion"}
    service.on("GET", EVENTS, stream(service.run(status="failed", error=error, request_id="q")))

    with pytest.raises(RunNotSucceeded) as caught:
        wait(service)

    assert str(caught.value) == "DataIngestion: row 3: age is missing"
    assert (caught.value.code, caught.value.request_id) == ("invalid_records", "q")
    assert caught.value.run.id == "r1"


def test_a_cancelled_run_says_so(service):
    service.on("GET", EVENTS, stream(service.run(status="cancelled")))

    with pytest.raises(RunNotSucceeded, match="the run was cancelled") as caught:
        wait(service)
    assert caught.value.code == "run_cancelled"


def test_waiting_ends_at_its_own_limit_though_nothing_changes(service, clock):
    service.on("GET", EVENTS, httpx.Response(404))
    service.on("GET", "/api/v1/runs/r1", service.run())

    with pytest.raises(WaitTimedOut, match=r"r1 has not ended within 5 s; it goes on"):
        wait(service, timeout_s=5, clock=clock)


def test_an_unknown_run_is_not_waited_for(service):
    with pytest.raises(RequestRefused) as caught:
        list(runs.follow(service.connection(), "r1"))
    assert caught.value.status == 404


def test_a_finished_run_is_returned_without_a_request(service):
    service.on("GET", EVENTS, stream(service.run(status="succeeded")))
    ended = wait(service)
    count = len(service.requests)

    assert runs.wait(service.connection(), ended) is ended
    assert len(service.requests) == count
