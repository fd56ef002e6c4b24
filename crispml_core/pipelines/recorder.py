"""Times the methods of a run and turns their progress into the progress of the run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from crispml_core.domain.errors import CrispMLError
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.runs import MethodTiming, RunStatus
from crispml_core.domain.timings import Call, Outcome
from crispml_core.ports.progress import RunProgress, no_run_progress
from crispml_core.ports.timing_log import TimingLog


@dataclass(slots=True)
class Step:
    """A method that is running; the pipeline fills in what came out."""

    recorder: Recorder
    method: str
    algorithm: str | None
    rows: int = 0
    output: dict[str, Any] = field(default_factory=dict)
    stages: dict[str, float] = field(default_factory=dict)

    def progress(self, fraction: float, message: str = "") -> None:
        """Note how far the method is; see `crispml_core.ports.progress.Progress`."""
        self.recorder.report(fraction, message or self.method)

    def look(self) -> None:
        """Say again how far the method is, which raises when the run shall stop."""
        self.recorder.look()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a part of the method, for whoever asks why it took long."""
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self.stages[name] = self.stages.get(name, 0.0) + spent


class Recorder:
    """Follows the methods of one run.

    Parameters
    ----------
    use_case : str
        Name of the use case, for the timing log.
    timings : TimingLog
        Is told of the entry and the exit of each method.
    progress : RunProgress
        Told about the percentage and the finished steps.
    expected : int
        How many methods the run will call, for the percentage.
    """

    def __init__(
        self,
        use_case: str,
        timings: TimingLog,
        progress: RunProgress = no_run_progress,
        expected: int = 1,
    ) -> None:
        self._use_case, self._timings = use_case, timings
        self._progress, self._expected = progress, expected
        self._told: tuple[float, str] = (0.0, "")
        self.steps: tuple[MethodTiming, ...] = ()

    @contextmanager
    def method(self, name: str, algorithm: str | None = None) -> Iterator[Step]:
        """Time a method; also one that fails, which keeps its name for the error."""
        step = Step(self, name, algorithm)
        self.report(0.0, name if algorithm is None else f"{name} ({algorithm})")
        started_at, status = utc_now(), RunStatus.FAILED
        call = Call(method=name, use_case=self._use_case)
        self._timings.enter(call)
        try:
            yield step
            status = RunStatus.SUCCEEDED
        finally:
            call.seconds = time.perf_counter() - call.start
            call.rows, call.stages = step.rows, step.stages
            call.outcome = Outcome.OK if status is RunStatus.SUCCEEDED else Outcome.ERROR
            timing = MethodTiming(
                method=name,
                status=status,
                started_at=started_at,
                seconds=call.seconds,
                rows=step.rows,
                algorithm=algorithm,
                output=step.output,
            )
            self.steps = (*self.steps, timing)
            self._timings.exit(call)
            if status is RunStatus.FAILED:
                # The error of the method counts, also when the run was cancelled meanwhile.
                with suppress(CrispMLError):
                    self.report(0.0, name)
        self.report(0.0, name)

    def report(self, fraction: float, stage: str) -> None:
        """Note how far the current method is."""
        done = sum(step.status is RunStatus.SUCCEEDED for step in self.steps)
        percent = 100.0 * min(1.0, (done + fraction) / max(1, self._expected))
        self._told = (round(percent, 1), stage)
        self.look()

    def look(self) -> None:
        """Tell the progress again; what it raises ends the run."""
        self._progress(*self._told, self.steps)
