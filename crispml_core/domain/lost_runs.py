"""What becomes of a run whose worker is gone.

Most runs fail: what they published stays, and the caller decides. A run of a method that can go on
where it stopped is queued again, a few times, and each worker that it lost is one of its steps.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from crispml_core.domain.runs import MethodTiming, Run, RunError, RunStatus

_LOST = "worker_lost"


def times_lost(run: Run) -> int:
    """Return how many workers a run lost and was queued again for."""
    return sum(step.output.get("ended_by") == _LOST for step in run.steps)


def after_loss(run: Run, error: RunError, now: datetime, again: int) -> Run:
    """Return what a running run is after its worker is gone.

    Parameters
    ----------
    error : RunError
        Why, for a run that fails.
    again : int
        How many times a run of this method is queued again.
    """
    if run.cancel_requested:
        cancelled = RunError(code="run_cancelled", message="the run was cancelled on request")
        return replace(run, status=RunStatus.CANCELLED, error=cancelled, finished_at=now)
    if times_lost(run) < again:
        waiting = "waiting to be taken up again"
        steps = (*run.steps, _lost_step(run, now))
        return replace(run, status=RunStatus.QUEUED, stage=waiting, steps=steps)
    if again:
        error = replace(error, message=f"{error.message}; it had been taken up {again} times")
    return replace(run, status=RunStatus.FAILED, error=error, finished_at=now)


def _lost_step(run: Run, now: datetime) -> MethodTiming:
    started_at = run.started_at or run.created_at
    return MethodTiming(
        method=run.method,
        status=RunStatus.FAILED,
        started_at=started_at,
        seconds=max(0.0, (now - started_at).total_seconds()),
        output={"ended_by": _LOST},
    )
