"""Loads in an open loop, quiet moments, and the shards of a plan."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from benchmarks.harness.load import LoadFailed
from benchmarks.harness.open_loop import request, run_open_loop
from benchmarks.harness.quiet import Others
from benchmarks.scale.fitting import with_stalls
from benchmarks.scale.hundredfold import Assumptions, away, fewest, pods_of, unevenness
from benchmarks.simulation.groups import serve
from benchmarks.simulation.shards import Node, simulate
from crispml_core.capacity.group_queue import GroupQueue
from crispml_core.capacity.measured import Figures
from crispml_core.capacity.service_times import ServiceTimes

FIGURES = Figures(
    request_cpu_us=40.0,
    group_cpu_us=600.0,
    group_wait_us=400.0,
    stalls_per_s=0.0,
    stall_ms=0.0,
    database_request_cpu_us=10.0,
    database_group_cpu_us=200.0,
    request_bytes=300.0,
    group_bytes=1500.0,
    idle_mib=90.0,
    connection_kib=20.0,
)
BODY = request("here", "/score", {"Content-Type": "application/json"}, b"{}")


@contextlib.contextmanager
def server(status: int, delay_s: float = 0.0) -> Iterator[tuple[str, int]]:
    """Answer each request the same, head and body in pieces of their own."""

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(delay_s)
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 512  # all connections are opened at once

    with Server(("127.0.0.1", 0), Answering) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield "127.0.0.1", made.server_port
        made.shutdown()
        thread.join()


def test_an_open_loop_sends_what_is_due_and_times_it_from_that_moment() -> None:
    with server(200, delay_s=0.02) as address:
        load = run_open_loop(address, [BODY], rate=200, seconds=0.5, seed=1)

    assert 60 <= load.latencies_ms.size <= 140
    assert load.quantile_ms(0.5) >= 20


def test_a_refused_request_is_no_measurement() -> None:
    with (
        server(503) as address,
        pytest.raises(LoadFailed, match="refused"),
    ):
        run_open_loop(address, [BODY], rate=50, seconds=0.2, seed=1)


def test_what_others_take_is_what_is_left_of_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = {"busy": iter([10.0, 11.0]), "clock": iter([0.0, 1.0])}
    monkeypatch.setattr("benchmarks.harness.quiet._busy_s", lambda: next(moments["busy"]))
    monkeypatch.setattr("benchmarks.harness.quiet._uptime_s", lambda: next(moments["clock"]))
    ours = iter([5.0, 5.6])

    assert Others(lambda: next(ours)).share() == pytest.approx(0.4 / 2)


def test_stalls_are_found_in_the_slowest_requests_of_low_loads() -> None:
    quiet = ServiceTimes(request_s=45e-6, group_s=0.8e-3)
    truth = quiet.with_stalls(2.0, 0.01)
    by_rate = {
        rate: [np.array(serve(truth, rate, 40_000, seed=seed).seconds) * 1e3 for seed in range(3)]
        for rate in (1000.0, 3000.0)
    }
    by_rate[1000.0][1] += 500.0  # a round in which the disk was stuck
    found = with_stalls(quiet, by_rate)

    expected = GroupQueue(truth, 8000).quantile_s(0.99)
    assert GroupQueue(found, 8000).quantile_s(0.99) == pytest.approx(expected, rel=0.2)


def test_a_shard_whose_node_is_fast_is_the_queue_of_its_pods() -> None:
    """With a node that takes no time but the wait that was measured, both models agree."""
    node = Node(
        cores=64, flush_s=0.0, log_bytes_per_s=1e15, way_s=0.4e-3, replica_s=0.0, log_share=1.0
    )
    figures = replace(FIGURES, database_request_cpu_us=0.0, database_group_cpu_us=0.0)
    shard = simulate(figures, node, rate=24_000, pods=3, seconds=4, seed=5)
    queue = GroupQueue(figures.times, 8000)

    assert len(shard.seconds) == pytest.approx(96_000, rel=0.02)
    assert len(shard.seconds) / shard.groups == pytest.approx(queue.mean_group, rel=0.05)
    assert shard.quantile_ms(0.99) == pytest.approx(queue.quantile_s(0.99) * 1e3, rel=0.1)


def test_more_than_the_log_can_take_is_answered_late() -> None:
    slow = Node(log_bytes_per_s=10e6)
    few, many = (
        simulate(FIGURES, slow, rate=rate, pods=4, seconds=1, seed=1) for rate in (4_000, 60_000)
    )
    assert few.quantile_ms(0.99) < 50
    assert many.log_busy > 0.9
    assert many.quantile_ms(0.99) > 500


def test_a_plan_counts_from_the_number_from_which_on_all_hold() -> None:
    rows = [{"shards": n, "holds": n in (8, 32, 64)} for n in (4, 8, 16, 32, 64)]
    assert fewest(rows) == 32
    with pytest.raises(SystemExit):
        fewest([{"shards": 4, "holds": False}])


def test_use_cases_make_shards_uneven_and_keys_do_not() -> None:
    by_use_case, by_key = unevenness(32).values()
    assert by_key < 1.1 < 3 < by_use_case


def test_what_waits_while_a_node_is_away_is_drained_by_what_it_can_do_besides() -> None:
    wish = Assumptions(away_s=60, replay_rows_per_s=300_000)
    found = away(FIGURES, 100_000, 8, 30.0, wish)
    assert found["scores"] == 6_000_000
    assert found["drained_s"] == pytest.approx(30)
    with pytest.raises(SystemExit):
        away(FIGURES, 300_000, 8, 30.0, wish)


def test_pods_of_a_shard_are_used_no_more_than_said() -> None:
    wish = Assumptions(pod_used=0.5)  # of 25,000/s
    assert pods_of(FIGURES, 99_000, wish) == 8
