"""The exact moments at which a scoring process kills itself; installed in the child only.

The process looks for a file at each of the moments. The file names one of them, and the process
kills itself there, as soon as enough requests are in flight.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from crispml_core.adapters.journal.frame_file import FrameFile
from crispml_core.adapters.journal.frames import header
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.adapters.sql.scores.sqlite_append import SqliteAppender
from crispml_core.serving import durable_ledger
from crispml_core.serving.batcher import Batcher

IN_FLIGHT = 32
BEFORE_COMMIT = "between the inserts and the commit"
AFTER_COMMIT = "between the commit and the answer"
FRAME_CUT = "in the middle of a frame of the journal"
FRAME_FORCED = "between the frame of the journal and the answer"
REPLAY_BEFORE_COMMIT = "between the inserts and the commit of a replay"
REPLAY_AFTER_COMMIT = "after the commit of a replay, before the journal is cleared"

WAIT_S = 60.0
_REPLAY_ROWS = 40  # so that a replay has several transactions


class _Reaper:
    """Kills this process at the moment that the file names."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._batchers: list[Batcher[Any, Any]] = []

    def watch(self, batcher: Batcher[Any, Any]) -> None:
        self._batchers.append(batcher)

    def is_armed_for(self, moment: str) -> bool:
        try:
            return self._file.read_text() == moment
        except FileNotFoundError:
            return False

    def reached(self, moment: str) -> None:
        """Die if this is the moment and enough requests are in flight, or come soon."""
        deadline = time.monotonic() + WAIT_S
        while self.is_armed_for(moment) and time.monotonic() < deadline:
            in_flight = sum(batcher.waiting for batcher in self._batchers)
            if in_flight >= IN_FLIGHT:
                self._die(moment, in_flight)
            time.sleep(0.001)

    def _die(self, moment: str, in_flight: int) -> None:
        # Written by this process, so that nobody takes another death for this one.
        self._file.write_text(f"{in_flight} in flight, {moment}")
        os.kill(os.getpid(), signal.SIGKILL)


def install(file: Path) -> None:
    """Let this process die at the moment that `file` names, once it names one."""
    reaper = _Reaper(file)
    durable_ledger._REPLAY_ROWS = _REPLAY_ROWS
    _after(Batcher, "__init__", lambda batcher, *_, **__: reaper.watch(batcher))
    _before_commit(reaper)
    _after(SqlScoreLedger, "append", partial(_committed, reaper))
    _after(FrameFile, "append", lambda *_: reaper.reached(FRAME_FORCED))
    _cut_frames(reaper)


def _after(owner: type, name: str, then: Callable[..., object]) -> None:
    original = getattr(owner, name)

    def both(self: Any, *arguments: Any, **named: Any) -> Any:
        result = original(self, *arguments, **named)
        then(self, *arguments, **named)
        return result

    setattr(owner, name, both)


def _committed(reaper: _Reaper, *_: object, wait: bool = True) -> None:
    if not wait:  # in the event loop, where no further request would come to be in flight
        return
    reaper.reached(REPLAY_AFTER_COMMIT if _is_replay() else AFTER_COMMIT)


def _is_replay() -> bool:
    return threading.current_thread().name == "journal-replay"


def _before_commit(reaper: _Reaper) -> None:
    original = SqliteAppender._transaction

    @contextmanager
    def transaction(self: SqliteAppender) -> Iterator[Any]:
        with original(self) as cursor:
            yield cursor
            reaper.reached(REPLAY_BEFORE_COMMIT if _is_replay() else BEFORE_COMMIT)

    SqliteAppender._transaction = transaction  # type: ignore[method-assign]


def _cut_frames(reaper: _Reaper) -> None:
    original = FrameFile.append

    def append(self: FrameFile, payload: bytes) -> None:
        if reaper.is_armed_for(FRAME_CUT):
            frame = header(payload) + payload
            os.pwrite(self._descriptor, frame[: len(frame) // 2], self._end)
            os.fsync(self._descriptor)
            reaper.reached(FRAME_CUT)
        original(self, payload)

    FrameFile.append = append  # type: ignore[method-assign]
