"""A run tells its story in order, and one that failed says what to do about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crispml_console.pages.cycle.run_view import advice, events, overview, progress
from crispml_core.client import MethodTiming, Run, RunError, RunStatus

BEGAN = datetime(2026, 11, 26, 12, tzinfo=UTC)
RUN = Run(
    id="01a2",
    use_case="churn",
    method="cycle",
    status=RunStatus.RUNNING,
    parameters={"sample": 0.5, "seed": 0, "algorithms": ["line"], "promote": False},
    created_at=BEGAN,
    started_at=BEGAN + timedelta(seconds=2),
    timeout_s=60.0,
    percent=40.0,
    stage="model-training (line)",
    request_id="req-7",
)


def test_a_run_that_runs_says_how_far_it_is_and_at_which_method():
    shown = str(progress(RUN))
    assert 'aria-valuenow="40"' in shown
    assert "40 % · 4 Train (line)" in shown
    rows = replace(RUN, stage="700 rows read of about 7000")
    assert "1 Ingest: 700 rows read of about 7000" in str(progress(rows))
    assert progress(replace(RUN, status=RunStatus.SUCCEEDED)) is None


def test_only_parameters_that_somebody_set_are_shown():
    shown = str(overview(RUN))
    assert "sample" in shown
    assert "line" in shown
    assert "seed" not in shown
    assert "promote" not in shown


def test_what_happened_is_told_in_order():
    step = MethodTiming(
        method="data-ingestion",
        status=RunStatus.FAILED,
        started_at=BEGAN + timedelta(seconds=3),
        seconds=1.0,
    )
    ended = replace(
        RUN, status=RunStatus.FAILED, steps=(step,), finished_at=BEGAN + timedelta(seconds=9)
    )
    told = [(str(said), kind) for _, said, kind in events(ended)]
    assert [kind for _, kind in told] == ["", "", "bad", "bad"]
    assert "1 Ingest failed" in told[2][0]
    assert told[3][0] == "the run failed"


def test_bad_rows_are_named_with_what_to_do_and_where_to_look():
    error = RunError(
        code="invalid_records",
        message="2 problems in the data",
        step="data-ingestion",
        problems=({"rule": "range", "message": "must be 18 or more", "field": "age", "row": 1200},),
        total=2,
    )
    shown = str(overview(replace(RUN, status=RunStatus.FAILED, error=error)))
    for said in (
        "The run failed at step 1 Ingest",
        "row 1,200, age: must be 18 or more",
        "and 1 more",
        "Correct these rows in the source",
        "invalid_records",
        "req-7",
    ):
        assert said in shown


@pytest.mark.parametrize("code", ["internal_error", "something_new"])
def test_what_nobody_foresaw_points_at_the_log(code: str):
    assert "log of the training service" in advice(code)
