"""A bounded queue of points and the thread that writes them.

No call ever waits for InfluxDB: it puts itself into a queue, which costs less than a microsecond.
While the server is away the queue fills, the oldest points make room for the newest, and each one
that is lost is counted.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

from crispml_core.adapters.influx.lines import Lines
from crispml_core.adapters.influx.writer import Away, Refused
from crispml_core.domain.errors import describe_failure
from crispml_core.domain.timings import Call

WRITTEN, DROPPED, FAILED = "written", "dropped", "failed"
# A batch is tried so many times; the pauses between two tries double, up to the longest.
_TRIES, _FIRST_PAUSE_S, _LONGEST_PAUSE_S = 4, 0.5, 30.0
# So many lines are made at a time; then requests have their turn.
_AT_A_TIME = 32
# How long the end of the process waits for the last batch.
CLOSE_S = 2.0

_log = structlog.get_logger("crispml.timing")


class Writer(Protocol):
    """Writes lines; see `crispml_core.adapters.influx.writer.InfluxWriter`."""

    def write(self, lines: Sequence[str]) -> None:
        """Write lines, or raise `Away` or `Refused`."""
        ...

    def close(self) -> None:
        """Let go of the connections."""
        ...


class InfluxTimingLog:
    """Keeps calls until a thread has written them; see `crispml_core.ports.timing_log.TimingLog`.

    The entry of a method is written when it begins, so that one which never ends is seen. A group
    is over in milliseconds, and there can be a thousand in a second: it is one point, which says
    when it ended and how long before that it began.

    Parameters
    ----------
    writer : Writer
        Writes a batch.
    lines : Lines
        Makes the lines.
    queue : int
        Most points that wait.
    batch : int
        Most points of one write.
    flush_s : float
        Time between two writes, unless a batch is full before.
    """

    def __init__(
        self, writer: Writer, lines: Lines, *, queue: int, batch: int, flush_s: float
    ) -> None:
        self._writer, self._lines = writer, lines
        self._batch, self._flush_s = batch, flush_s
        self._queue: deque[tuple[Callable[[Call], str], Call]] = deque(maxlen=queue)
        self._lock = threading.Lock()
        self._counts = {WRITTEN: 0, DROPPED: 0, FAILED: 0}
        self._full, self._stop = threading.Event(), threading.Event()
        self._misses = 0  # writes that failed since the last one that did not
        self._thread = threading.Thread(target=self._run, name="influx", daemon=True)
        self._thread.start()

    def enter(self, call: Call) -> None:
        """Keep the entry of a method."""
        self._put(self._lines.entry, call)

    def exit(self, call: Call) -> None:
        """Keep an exit."""
        self._put(self._lines.exit, call)

    def points(self) -> Mapping[str, int]:
        """Return how many points were written, dropped for want of room, and given up."""
        return dict(self._counts)

    def close(self) -> None:
        """Write what waits, if the server is there, and stop within `CLOSE_S`."""
        self._stop.set()
        self._full.set()
        self._thread.join(CLOSE_S)
        with self._lock:
            self._counts[DROPPED] += len(self._queue)
            self._queue.clear()

    def _put(self, line: Callable[[Call], str], call: Call) -> None:
        with self._lock:
            if len(self._queue) == self._queue.maxlen:
                self._counts[DROPPED] += 1  # the deque lets go of its oldest
            self._queue.append((line, call))
        if len(self._queue) >= self._batch and not self._full.is_set():
            self._full.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._full.wait(self._flush_s)
            self._full.clear()
            while self._queue and not self._stop.is_set():
                self._deliver_some()
                if len(self._queue) < self._batch:
                    break
        deadline = time.monotonic() + CLOSE_S / 2
        while self._queue and self._misses == 0 and time.monotonic() < deadline:
            self._deliver_some()
        self._writer.close()

    def _deliver_some(self) -> None:
        with self._lock:
            waiting = min(self._batch, len(self._queue))
            taken = [self._queue.popleft() for _ in range(waiting)]
        try:
            self._deliver(self._made(taken))
        except Exception as error:  # which must not end the thread: later points may fare better
            _log.error("points_not_written", reason=describe_failure(error))
            self._counts[FAILED] += waiting

    @staticmethod
    def _made(taken: Sequence[tuple[Callable[[Call], str], Call]]) -> list[str]:
        lines = []
        for number, (line, call) in enumerate(taken):
            lines.append(line(call))
            if number % _AT_A_TIME == 0:
                time.sleep(0)
        return lines

    def _deliver(self, lines: Sequence[str]) -> None:
        """Write a batch; give it up when the server refuses it, or stays away for too long."""
        for _ in range(_TRIES):
            try:
                self._writer.write(lines)
            except Refused as error:
                self._miss(error)
                break
            except Away as error:
                self._miss(error)
                if self._stop.wait(self._pause_s(error)):
                    break
            else:
                self._counts[WRITTEN] += len(lines)
                if self._misses:
                    _log.info("influx_back")
                self._misses = 0
                return
        self._counts[FAILED] += len(lines)

    def _pause_s(self, error: Away) -> float:
        """Return how long to wait: longer with each miss, also of the batches before."""
        pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(self._misses - 1, 10))
        # With chance, so that many processes do not come back at the same moment.
        by_chance = pause * random.uniform(0.5, 1.5)  # noqa: S311
        return min(_LONGEST_PAUSE_S, max(by_chance, error.retry_after_s))

    def _miss(self, error: Exception) -> None:
        """Count a write that failed; only the first of several in a row is told."""
        if self._misses == 0:
            _log.warning("influx_away", error=f"InfluxDB takes no points: {error}")
        self._misses += 1
