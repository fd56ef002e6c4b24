"""Upkeep beside the commits, for stores in which it keeps none of them waiting.

A store with one writer at a time has its upkeep between commits, see `Batcher`. In all others a
commit would wait for a step for nothing: with a thread of its own for the steps, 99 of 100 requests
to a process on PostgreSQL took at most 6 ms instead of 10 to 12.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from crispml_core.domain.errors import CrispMLError, describe_failure
from crispml_core.serving.upkeep import Upkeep

# How often it looks when nothing is left, and the most of the time that steps may take: they cost
# the server of the store what commits could have.
LOOK_S, SHARE = 1.0, 0.1
# Nobody waits for a step of the index, so it may be longer: 20 ms index four times as many keys as
# 10, and requests take as long. Beyond that the pages that a step changes make commits slower.
# Counting stays as it is, because whatever else the process does waits for Python.
INDEX_S = 0.020
_AGAIN_S = 60.0

_log = structlog.get_logger("crispml.scoring")


class UpkeepThread:
    """Does upkeep in a thread of its own from now on.

    What it does not do, who reads does first, so nothing is wrong while it fails.

    Parameters
    ----------
    index, count : callable
        See `Upkeep`; on connections that no commit needs.
    """

    def __init__(self, index: Callable[[int], int], count: Callable[[int], int]) -> None:
        self._upkeep = Upkeep(index, count, index_s=INDEX_S)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="upkeep", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let it end its step, and wait for it."""
        self._stop.set()
        self._thread.join()

    def _loop(self) -> None:
        pause = LOOK_S
        while not self._stop.wait(pause):
            pause = self._step()

    def _step(self) -> float:
        """Do a step, and return how long to wait until the next one."""
        start = time.monotonic()
        # Other processes commit to the store, too: what came meanwhile is for it to say.
        self._upkeep.expect()
        try:
            goes_on = self._upkeep.step()
        except CrispMLError:
            return LOOK_S  # the store is away; its state shows in the readiness
        except Exception as error:
            _log.error("upkeep_failed", reason=describe_failure(error))
            return _AGAIN_S
        rest = (time.monotonic() - start) / SHARE
        return rest if goes_on else max(LOOK_S, rest)
