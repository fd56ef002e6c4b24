"""Upkeep beside the commits, for stores in which it keeps none of them waiting.

A store with one writer at a time has its upkeep between commits, see `Batcher`. In all others a
commit would wait for a step for nothing: with a thread of its own for the steps, 99 of 100 requests
to a process on PostgreSQL, with the server on the same core, took 6 ms instead of 10 to 12.
"""

from __future__ import annotations

import threading
import time

import structlog

from crispml_core.domain.errors import CrispMLError, describe_failure
from crispml_core.serving.upkeep import Upkeep, Work

# How often it looks when nothing is left, and the most of the time that steps may take: they cost
# the server of the store what commits could have.
LOOK_S, SHARE = 1.0, 0.1
# Nobody waits for a step of the index, so it may be longer: 20 ms index four times as many keys as
# 10, and requests take as long. Beyond that the pages that a step changes make commits slower.
# Counting stays as it is, because whatever else the process does waits for Python.
INDEX_S = 0.020
# How long the end of the process waits for a step.
LAST_S = 1.0
_AGAIN_S = 60.0

_log = structlog.get_logger("crispml.scoring")


class UpkeepThread:
    """Does upkeep in a thread of its own from now on.

    What it does not do, who reads does first, so nothing is wrong while it fails. The log tells of
    each new failure.

    Parameters
    ----------
    index, count : callable
        See `Upkeep`; on connections that no commit needs.
    """

    def __init__(self, index: Work, count: Work) -> None:
        self._upkeep = Upkeep(index, count, index_s=INDEX_S)
        self._stop = threading.Event()
        self._told: str | None = None
        self._thread = threading.Thread(target=self._loop, name="upkeep", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let it end its step, and wait for it, at most `LAST_S`.

        A step that hangs is left alone: its thread does not keep the process alive, and what it did
        is rolled back.
        """
        self._stop.set()
        self._thread.join(LAST_S)

    def _loop(self) -> None:
        pause = LOOK_S
        while not self._stop.wait(pause):
            pause = self._step()

    def _step(self) -> float:
        """Do a step, and return how long to wait until the next one."""
        start = time.monotonic()
        # Other processes commit to the store, too: what came meanwhile is for it to say.
        self._upkeep.expect()
        least = LOOK_S
        try:
            if self._upkeep.step():
                least = 0.0
            self._told = None
        except CrispMLError as error:
            self._tell(error.message)
        except Exception as error:
            self._tell(describe_failure(error))
            least = _AGAIN_S
        return max(least, (time.monotonic() - start) / SHARE)

    def _tell(self, reason: str) -> None:
        if reason != self._told:
            self._told = reason
            _log.warning("upkeep_failed", reason=reason)
