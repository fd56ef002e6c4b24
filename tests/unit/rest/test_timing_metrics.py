"""What Prometheus reads about calls and the process is what happened."""

import threading
import time

import pytest
from prometheus_client import CollectorRegistry

from crispml_core.domain.timings import Call, Outcome, ProcessFacts
from crispml_core.rest.timing_metrics import TimingMetrics
from crispml_core.testing.fakes.timing_log import FakeTimingLog


class Hub(FakeTimingLog):
    """A process whose numbers the test sets."""

    gc, written = [(0, 0.0)], 0

    def facts(self):
        return ProcessFacts(resident_bytes=2**20, threads=3, open_files=None, gc=self.gc)

    def points(self):
        return {"written": self.written, "dropped": 0}


@pytest.fixture
def world():
    registry, hub = CollectorRegistry(), Hub()
    metrics = TimingMetrics(registry)
    metrics.watch(hub)

    def value(name, **labels):
        metrics.look()
        return registry.get_sample_value(name, labels)

    return hub, value


def group(**more):
    return Call(method="new-data-score", use_case="toy", is_group=True, **more)


def test_calls_are_counted_and_timed_by_method_and_outcome(world):
    hub, value = world
    hub.exit(Call(method="new-data-label", use_case="toy", seconds=0.3, rows=5))
    hub.exit(Call(method="new-data-label", use_case="toy", seconds=0.5, rows=7))
    hub.exit(Call(method="new-data-label", use_case="toy", seconds=2, outcome=Outcome.ERROR))
    name, labels = (
        "crispml_method_duration_seconds",
        {"use_case": "toy", "method": "new-data-label"},
    )
    assert value(f"{name}_count", outcome="ok", **labels) == 2
    assert value(f"{name}_sum", outcome="ok", **labels) == 0.8
    assert value(f"{name}_bucket", outcome="ok", le="0.25", **labels) == 0
    assert value(f"{name}_bucket", outcome="ok", le="0.5", **labels) == 2
    assert value(f"{name}_count", outcome="error", **labels) == 1
    assert value("crispml_method_rows_total", **labels) == 12


def test_the_stages_of_groups_are_timed_and_those_of_methods_are_not(world):
    hub, value = world
    for _ in range(150):  # more than are told at once
        hub.exit(group(stages={"wait": 0.001, "commit": 0.02}, rows=2))
    hub.exit(Call(method="new-data-report", stages={"join": 1.0}))
    name = "crispml_group_stage_duration_seconds_count"
    assert value(name, stage="commit") == 150
    assert value(name, stage="wait") == 150
    assert value(name, stage="join") is None
    assert value("crispml_method_rows_total", use_case="toy", method="new-data-score") == 300


def test_slow_calls_are_counted(world):
    hub, value = world
    hub.exit(group(is_slow=True))
    hub.exit(group())
    assert value("crispml_slow_calls_total", method="new-data-score") == 1


def test_what_the_process_counts_is_told_once_however_often_it_is_read(world):
    hub, value = world
    hub.gc, hub.written = [(4, 0.5), (1, 0.25)], 10
    assert value("crispml_gc_pauses_total", generation="0") == 4
    assert value("crispml_gc_pause_seconds_total", generation="1") == 0.25
    assert value("crispml_timing_points_total", outcome="written") == 10
    hub.gc, hub.written = [(6, 0.5), (1, 0.25)], 12
    assert value("crispml_gc_pauses_total", generation="0") == 6
    assert value("crispml_timing_points_total", outcome="written") == 12
    assert value("crispml_process_resident_bytes") == 2**20
    assert value("crispml_process_threads") == 3
    assert str(value("crispml_process_open_files")) == "nan", "unknown is no number"


def test_processor_time_only_grows_by_what_was_spent(world):
    _, value = world

    def told():
        modes = ("user", "system")
        return sum(value("crispml_process_cpu_seconds_total", mode=mode) for mode in modes)

    before = told()
    began = time.process_time()
    while time.process_time() < began + 0.1:
        pass
    assert 0.05 <= told() - before <= 1


def test_calls_of_many_threads_are_all_counted(world):
    hub, value = world
    threads = [
        threading.Thread(target=lambda: [hub.exit(group(rows=1)) for _ in range(500)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert value("crispml_method_rows_total", use_case="toy", method="new-data-score") == 2000
