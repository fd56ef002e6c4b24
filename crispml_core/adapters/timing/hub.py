"""The timing log of a process: measures at entry and exit, and tells every log that there is."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from crispml_core.adapters.timing.process import Process
from crispml_core.domain.errors import describe_failure
from crispml_core.domain.timings import Call, ProcessFacts
from crispml_core.ports.timing_log import TimingLog

_log = structlog.get_logger("crispml.timing")


class PointLog(TimingLog, Protocol):
    """A log that writes points to another system, behind a queue of its own."""

    def points(self) -> Mapping[str, int]:
        """Return how many points were written, dropped and failed."""
        ...

    def close(self) -> None:
        """Write what waits and stop, both in little time."""
        ...


class Hub:
    """See `crispml_core.ports.timing_log.TimingHub`.

    Parameters
    ----------
    process : Process
        What is measured.
    logs : sequence of TimingLog
        Told of every call of this process; what each does with it must take microseconds.
    points : PointLog, optional
        Told as well, and closed at the end.
    slow_s, slow_run_s : float
        From so many seconds on a call is slow, here and in a run; 0 calls none so.
    """

    def __init__(
        self,
        process: Process,
        logs: Sequence[TimingLog] = (),
        points: PointLog | None = None,
        *,
        slow_s: float = 0.0,
        slow_run_s: float = 0.0,
    ) -> None:
        self._process, self._points = process, points
        self._slow_s, self._slow_run_s = slow_s or math.inf, slow_run_s or math.inf
        self._logs: list[TimingLog] = [*logs, *([points] if points is not None else [])]
        self._added: list[TimingLog] = []

    def add(self, log: TimingLog) -> None:
        """Tell one more log from now on."""
        self._added.append(log)
        self._logs.append(log)

    def enter(self, call: Call) -> None:
        """Note that a call began; the logs are told of that by methods only.

        A group is over in milliseconds, and what is in it is not known before its end. Groups
        follow one upon the other, so the end of the one before is the begin of the next.
        """
        if call.is_group:
            call.at_entry = self._process.last
            return
        call.at_entry = self._process.vitals()
        for log in self._logs:
            try:
                log.enter(call)
            except Exception as error:
                _complain(error)

    def exit(self, call: Call) -> None:
        """Note that a call ended; one without seconds ends now."""
        if not call.seconds:
            call.seconds = time.perf_counter() - call.start
        call.at_exit = self._process.vitals()
        call.is_slow = call.seconds >= self._slow_s
        _tell_exit(self._logs, call)

    def exit_elsewhere(self, call: Call) -> None:
        """Tell the added logs of a call in a run, which another process executed."""
        call.is_slow = call.seconds >= self._slow_run_s
        _tell_exit(self._added, call)

    def facts(self) -> ProcessFacts:
        """Return what the process is like."""
        return self._process.facts()

    def points(self) -> Mapping[str, int]:
        """Return how many points were written, dropped and failed."""
        return {} if self._points is None else self._points.points()

    def close(self) -> None:
        """Write the points that wait, and stop."""
        if self._points is not None:
            self._points.close()


def _tell_exit(logs: Sequence[TimingLog], call: Call) -> None:
    for log in logs:
        try:
            log.exit(call)
        except Exception as error:
            _complain(error)


def _complain(error: Exception) -> None:
    """Tell that a log failed, which must not become an error of the call."""
    _log.error("timing_not_noted", reason=describe_failure(error))
