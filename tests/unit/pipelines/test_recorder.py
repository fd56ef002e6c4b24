"""The recorder times methods and names the one that failed."""

import pytest

from crispml_core.domain.errors import InvalidInput, RunCancelled
from crispml_core.domain.runs import RunStatus
from crispml_core.pipelines.recorder import Recorder
from crispml_core.testing.fakes.timing_log import FakeTimingLog


def test_the_percentage_grows_over_methods_and_inside_them():
    seen = []
    recorder = Recorder("toy", FakeTimingLog(), lambda *told: seen.append(told), expected=2)
    with recorder.method("data-ingestion") as step:
        step.progress(0.5, "halfway")
        step.rows = 7
    with recorder.method("data-preparation"):
        pass
    percents = [percent for percent, _, _ in seen]
    assert percents == sorted(percents)
    assert (25.0, "halfway", ()) in seen
    assert percents[-1] == 100.0
    assert [step.rows for step in recorder.steps] == [7, 0]


def test_a_failed_method_is_recorded_and_told():
    seen, log = [], FakeTimingLog()
    recorder = Recorder("toy", log, lambda *told: seen.append(told))
    with pytest.raises(InvalidInput), recorder.method("model-training", "linear"):
        raise InvalidInput("no")
    (step,) = recorder.steps
    assert (step.status, step.algorithm) == (RunStatus.FAILED, "linear")
    assert seen[-1][2] == recorder.steps
    ((entered,), (exited,)) = log.entered, log.exited
    assert entered is exited
    assert (exited.method, exited.use_case, exited.outcome) == ("model-training", "toy", "error")


def test_a_method_says_how_much_and_what_it_spent_its_time_on():
    log = FakeTimingLog()
    with Recorder("toy", log).method("new-data-label") as step:
        for _ in range(2):
            with step.stage("check"):
                pass
        with step.stage("store"):
            step.rows = 3
    (call,) = log.exited
    assert (call.rows, call.outcome, list(call.stages)) == (3, "ok", ["check", "store"])
    assert 0 < sum(call.stages.values()) <= call.seconds


def test_the_error_of_a_method_counts_even_when_the_run_was_cancelled_meanwhile():
    cancelled = []

    def progress(percent, stage, steps):
        if cancelled:
            raise RunCancelled("stop")

    recorder = Recorder("toy", FakeTimingLog(), progress)

    def fail():
        with recorder.method("model-report"):
            cancelled.append(True)
            raise InvalidInput("no")

    with pytest.raises(InvalidInput):
        fail()
