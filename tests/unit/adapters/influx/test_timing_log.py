"""Whatever InfluxDB does, no call fails or waits, and what is lost is counted."""

import socket
import time

import pytest
from structlog.testing import capture_logs

from crispml_core.adapters.influx import timing_log as module
from crispml_core.adapters.influx.lines import Lines
from crispml_core.adapters.influx.timing_log import CLOSE_S, InfluxTimingLog
from crispml_core.adapters.influx.writer import InfluxWriter
from crispml_core.domain.timings import Call
from tests.unit.adapters.influx.conftest import Server


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(module, "_FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(module, "_LONGEST_PAUSE_S", 0.1)


@pytest.fixture
def make():
    made = []

    def log(url, *, queue=1000, batch=100, timeout_s=1.0, token="t-1"):
        writer = InfluxWriter(url, token, "our-org", "our-bucket", timeout_s)
        lines = Lines("scoring", "dev", 1)
        made.append(InfluxTimingLog(writer, lines, queue=queue, batch=batch, flush_s=0.05))
        return made[-1]

    yield log
    for each in made:
        each.close()


def method():
    return Call(method="new-data-label", use_case="toy", seconds=0.1)


def group():
    return Call(method="new-data-score", use_case="toy", is_group=True, seconds=0.1)


def until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def free_address():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def sums(log):
    return sum(log.points().values())


def test_entries_and_exits_are_written_to_the_bucket_with_the_token(server, make):
    log = make(server.url)
    call = method()
    log.enter(call)
    until(lambda: len(server.lines) == 1)
    assert "phase=entry" in server.lines[0], "a method that never ends is seen"
    log.exit(call)
    log.exit(group())
    until(lambda: log.points()["written"] == 3)
    phases = [line.split("phase=")[1][:5].strip(",") for line in server.lines]
    assert phases == ["entry", "exit", "exit"], "a group is one point"
    path, token = server.requests[0]
    assert path.startswith("/api/v2/write?")
    asked = path.split("?")[1].split("&")
    assert sorted(asked) == ["bucket=our-bucket", "org=our-org", "precision=ns"]
    assert token == "Token t-1"


def test_what_waits_is_written_at_the_end(server, make):
    log = make(server.url)
    for _ in range(10):
        log.exit(group())
    log.close()
    assert len(server.lines) == 10
    assert log.points() == {"written": 10, "dropped": 0, "failed": 0}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_asks_for_time_gets_the_same_points_later(server, make, status, monkeypatch):
    monkeypatch.setattr(module, "_TRIES", 1000)
    log = make(server.url)
    server.status = status
    with capture_logs() as told:
        log.exit(method())
        until(lambda: len(server.requests) == 2)
        server.status = 204
        until(lambda: log.points()["written"] == 1)
    assert [line["event"] for line in told] == ["influx_away", "influx_back"]
    assert len(server.lines) == 1


def test_a_server_that_says_when_is_not_asked_before(server, make, monkeypatch):
    monkeypatch.setattr(module, "_LONGEST_PAUSE_S", 5.0)
    log = make(server.url)
    server.status, server.headers = 503, {"Retry-After": "1"}
    log.exit(method())
    until(lambda: server.requests)
    began, server.status = time.monotonic(), 204
    until(lambda: server.lines)
    assert time.monotonic() - began > 0.8


@pytest.mark.parametrize("status", [400, 401, 404])
def test_points_that_are_refused_are_given_up_at_once_and_later_ones_are_tried(
    server, make, status
):
    log = make(server.url)
    server.status = status
    log.exit(method())
    until(lambda: log.points()["failed"] == 1)
    assert len(server.requests) == 1
    server.status = 204
    log.exit(method())
    until(lambda: log.points()["written"] == 1)


def test_a_log_line_says_what_to_do_and_neither_token_nor_address(server, make):
    log = make(server.url, token="t-secret")
    server.status = 401
    with capture_logs() as told:
        log.exit(method())
        until(lambda: told)
    assert "CRISPML_INFLUX__TOKEN" in told[0]["error"]
    assert "t-secret" not in str(told)
    assert str(server.port) not in str(told)


@pytest.mark.parametrize("trouble", ["refused", "hangs", "unable"])
def test_while_the_server_is_away_the_queue_is_bounded_and_nobody_waits(server, make, trouble):
    url = server.url
    if trouble == "refused":
        url = f"http://127.0.0.1:{free_address()}"
    elif trouble == "hangs":
        server.delay = 5
    else:
        server.status = 503
    log = make(url, queue=500, batch=100)
    for _ in range(5000):
        log.exit(method())
    assert len(log._queue) <= 500
    until(lambda: log.points()["dropped"] >= 5000 - 500 - 5 * 100)
    if trouble != "hangs":
        until(lambda: log.points()["failed"] >= 100)  # batches are given up, the log is not
    began = time.monotonic()
    log.close()
    assert time.monotonic() - began < CLOSE_S + 1
    points = log.points()
    assert points["written"] == 0
    # A batch that hangs when the process ends is in nobody's hands.
    assert 5000 - 100 <= sum(points.values()) <= 5000


def test_a_server_that_comes_back_gets_the_newest_points(make):
    port = free_address()
    log = make(f"http://127.0.0.1:{port}", queue=50, batch=10)
    for number in range(300):
        call = method()
        call.rows = number
        log.exit(call)
    server = Server(port)
    try:
        until(lambda: not log._queue and sums(log) == 300)
        assert "rows=299i" in server.lines[-1]
        assert log.points()["written"] == len(server.lines) > 0
        assert log.points()["dropped"] >= 200
    finally:
        log.close()
        server.close()


def test_a_call_that_cannot_be_written_costs_its_batch_and_not_the_log(server, make):
    log = make(server.url)
    broken = method()
    broken.seconds = "long"
    with capture_logs() as told:
        log.exit(broken)
        until(lambda: log.points()["failed"] == 1)
    assert told[0]["event"] == "points_not_written"
    log.exit(method())
    until(lambda: log.points()["written"] == 1)
