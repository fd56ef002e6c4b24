"""Whatever happens in a run, its end is noted."""

import pytest

from crispml_core.domain.errors import InvalidRecords, Problem, RunCancelled, StoreUnavailable
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.runs import MethodTiming, Run, RunStatus
from crispml_core.runs.worker import work
from crispml_core.testing.fakes.run_store import FakeRunStore

OWNER = "me"


def leased(store, timeout_s=60.0):
    run = Run(
        id=str(new_id()),
        use_case="toy",
        method="cycle",
        status=RunStatus.QUEUED,
        parameters={},
        created_at=utc_now(),
        timeout_s=timeout_s,
    )
    store.enqueue(run)
    return store.lease(OWNER, 60.0, ("cycle",))


def step(status):
    return MethodTiming(method="data-curation", status=status, started_at=utc_now(), seconds=0.1)


def test_a_run_that_ends_keeps_its_result_and_its_last_progress():
    store = FakeRunStore()
    run = leased(store)

    def execute(run, progress):
        progress(50.0, "halfway", (step(RunStatus.SUCCEEDED),))
        return {"best": "v1"}

    work(store, run.id, OWNER, execute)
    ended = store.get(run.id)
    assert (ended.status, ended.result) == (RunStatus.SUCCEEDED, {"best": "v1"})
    assert [one.method for one in ended.steps] == ["data-curation"]


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (
            InvalidRecords([Problem("type", "wrong", "x", 1)], 7),
            RunStatus.FAILED,
            "invalid_records",
        ),
        (RunCancelled("stop"), RunStatus.CANCELLED, "run_cancelled"),
        (ZeroDivisionError("canary"), RunStatus.FAILED, "internal_error"),
    ],
)
def test_a_run_that_fails_says_why_and_in_which_step(caplog, raised, status, code):
    store = FakeRunStore()
    run = leased(store)

    def execute(run, progress):
        progress(10.0, "curating", (step(RunStatus.FAILED),))
        raise raised

    work(store, run.id, OWNER, execute)
    ended = store.get(run.id)
    assert (ended.status, ended.error.code, ended.error.step) == (status, code, "data-curation")
    assert "canary" not in ended.error.message + caplog.text
    if code == "invalid_records":
        assert (ended.error.total, ended.error.problems[0]["row"]) == (7, 1)


def test_a_run_over_its_time_ends_at_its_next_sign_of_life():
    store = FakeRunStore()
    run = leased(store, timeout_s=-1.0)

    def execute(run, progress):
        progress(10.0, "still going", ())
        raise AssertionError("a run over its time goes on")

    work(store, run.id, OWNER, execute)
    assert store.get(run.id).error.code == "run_timed_out"


def test_a_result_is_kept_when_the_last_progress_cannot_be_written():
    class Busy(FakeRunStore):
        def progress(self, *told):
            raise StoreUnavailable("locked")

    store = Busy()
    run = leased(store)

    def execute(run, progress):
        progress(99.0, "nearly", ())
        return {"best": "v1"}

    work(store, run.id, OWNER, execute)
    assert store.get(run.id).status is RunStatus.SUCCEEDED
