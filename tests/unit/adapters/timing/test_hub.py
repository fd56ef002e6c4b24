"""The timing log of a process measures at both ends of a call and tells every log."""

import gc
import time

import pytest
from structlog.testing import capture_logs

from crispml_core.adapters.timing.call_log import CallLog
from crispml_core.adapters.timing.hub import Hub
from crispml_core.adapters.timing.process import Process
from crispml_core.domain.identifiers import set_clock_ahead
from crispml_core.domain.timings import Call, Outcome
from crispml_core.testing.fakes.timing_log import FakeTimingLog


class Broken:
    """A log that cannot be written."""

    def enter(self, call):
        raise OSError("no space left for Anna")

    exit = enter


def test_a_call_is_measured_at_its_entry_and_at_its_exit():
    log = FakeTimingLog()
    hub, call = Hub(Process(), [log]), Call(method="model-training", use_case="toy")
    hub.enter(call)
    gc.collect()
    time.sleep(0.01)
    hub.exit(call)
    assert log.entered == log.exited == [call]
    assert call.seconds >= 0.01
    assert call.at_exit.gc_collections > call.at_entry.gc_collections
    assert call.at_entry.resident_bytes > 0
    assert call.at_entry.thread == "MainThread"


def test_a_log_that_fails_fails_no_call_and_keeps_no_other_from_being_told():
    log = FakeTimingLog()
    hub = Hub(Process(), [Broken(), log])
    with capture_logs() as told:
        hub.enter(Call(method="model-report"))
        hub.exit(Call(method="model-report"))
    assert len(log.entered) == len(log.exited) == 1
    assert [line["event"] for line in told] == ["timing_not_noted"] * 2
    assert "Anna" not in str(told)


def test_a_log_that_is_added_learns_also_of_calls_in_other_processes_and_the_others_do_not():
    own, added = FakeTimingLog(), FakeTimingLog()
    hub = Hub(Process(), [own])
    hub.add(added)
    here, elsewhere = Call(method="new-data-label"), Call(method="model-training")
    hub.exit(here)
    hub.exit_elsewhere(elsewhere)
    assert own.exited == [here]
    assert added.exited == [here, elsewhere]


@pytest.mark.parametrize(
    ("seconds", "here", "in_a_run"), [(0.9, False, False), (1.0, True, False), (60.0, True, True)]
)
def test_a_call_is_slow_from_its_limit_on_and_a_run_has_another(seconds, here, in_a_run):
    hub = Hub(Process(), slow_s=1.0, slow_run_s=60.0)
    call = Call(method="new-data-report", seconds=seconds)
    hub.exit(call)
    assert call.is_slow is here
    hub.exit_elsewhere(call)
    assert call.is_slow is in_a_run


def test_without_a_limit_no_call_is_slow():
    call = Call(method="new-data-report", seconds=1e6)
    Hub(Process()).exit(call)
    assert not call.is_slow


def test_a_simulated_clock_moves_no_timing():
    set_clock_ahead(365 * 86400)
    try:
        call = Call(method="model-report")
    finally:
        set_clock_ahead(0)
    assert call.entered_ns == pytest.approx(time.time_ns(), abs=60e9)


def test_a_method_is_told_in_the_log_when_it_begins_and_when_it_ends():
    hub = Hub(Process(), [CallLog()], slow_s=1.0)
    call = Call(method="model-training", use_case="toy")
    with capture_logs() as told:
        hub.enter(call)
        call.rows, call.outcome, call.seconds = 700, Outcome.ERROR, 0.5
        hub.exit(call)
    entered, exited = told
    assert entered["event"] == "method_entered"
    assert exited["event"] == "method_exited"
    assert {
        name: exited[name] for name in ("method", "use_case", "outcome", "rows", "seconds")
    } == {
        "method": "model-training",
        "use_case": "toy",
        "outcome": "error",
        "rows": 700,
        "seconds": 0.5,
    }
    assert exited["resident_bytes"] > 0


def test_of_groups_only_the_slow_ones_are_told_with_their_stages_and_some_requests():
    hub = Hub(Process(), [CallLog()], slow_s=1.0)
    stages = {"wait": 0.2, "commit": 1.3}
    groups = [
        Call(
            method="new-data-score",
            use_case="toy",
            is_group=True,
            seconds=seconds,
            stages=stages,
            rows=41,
            requests=41,
            request_ids=["r-1", "r-2"],
        )
        for seconds in (0.004, 1.5)
    ]
    with capture_logs() as told:
        for group in groups:
            hub.enter(group)
            hub.exit(group)
    (line,) = told
    assert (line["event"], line["log_level"], line["kind"]) == ("slow_call", "warning", "group")
    assert (line["stages"], line["seconds"], line["rows"]) == (stages, 1.5, 41)
    assert (line["requests"], line["request_ids"]) == (41, ["r-1", "r-2"])
