"""What a scoring process does later: record keys are indexed, then scores are counted for drift.

Whoever comes meanwhile waits for the end of a step, so a step is as large as fits into a short
time. Larger ones cost less for a score, but are what the slowest requests wait for: 10,000 keys at
once took 40 ms on SQLite and up to 300 ms on PostgreSQL. In smaller ones fixed costs prevail.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from crispml_core.domain.errors import CrispMLError, describe_failure

STEP_S = 0.010
FEWEST, FIRST, MOST = 100, 500, 10_000
# Once all scores are counted, those that come wait for each other: a transaction for each would be
# much work for little.
_COUNTED_EVERY_S, _COUNTED_AGAIN_S = 1.0, 60.0

_log = structlog.get_logger("crispml.scoring")


class Upkeep:
    """What is left to be indexed and to be counted.

    Parameters
    ----------
    index : callable
        Indexes at most so many record keys that are committed, and returns how many.
    count : callable
        Counts about so many scores that are indexed, and returns how many.
    index_s : float
        How long a step of the index may take.
    """

    def __init__(
        self, index: Callable[[int], int], count: Callable[[int], int], *, index_s: float = STEP_S
    ) -> None:
        self._index, self._count = _Steps(index, index_s), _Steps(count, STEP_S)
        # An earlier process may have left some.
        self._has_unindexed = self._has_uncounted = True
        self._counts_at = 0.0  # by the monotonic clock, when scores are counted again
        self._is_turn_of_counts = False

    def expect(self) -> None:
        """Note that scores were committed."""
        self._has_unindexed = True

    def step(self) -> bool:
        """Do a little of it, and return whether enough is left for the next step to follow.

        Counting has its turn after each step of the index: under traffic without a pause there are
        always some keys that are not indexed.

        Raises
        ------
        CrispMLError
            If the ledger does not answer.
        """
        counts = self._has_uncounted and time.monotonic() >= self._counts_at
        if counts and (self._is_turn_of_counts or not self._has_unindexed):
            self._is_turn_of_counts = False
            return self._step_of_counts() or self._has_unindexed
        if not self._has_unindexed:
            return False
        done = self._index.step()
        self._has_unindexed = done > 0
        self._has_uncounted = self._is_turn_of_counts = True
        return counts or self._index.was_full

    def _step_of_counts(self) -> bool:
        """Count some scores; what fails there must not end the calling thread."""
        try:
            self._has_uncounted = self._count.step() > 0
        except CrispMLError:
            raise
        except Exception as error:
            self._counts_at = time.monotonic() + _COUNTED_AGAIN_S
            _log.error("scores_not_counted", reason=describe_failure(error))
            return False
        if not self._has_uncounted:
            self._counts_at = time.monotonic() + _COUNTED_EVERY_S
        return self._has_uncounted


class _Steps:
    """Steps of so many rows as take a time."""

    def __init__(self, work: Callable[[int], int], seconds: float) -> None:
        self._work, self._seconds, self._rows = work, seconds, FIRST
        self.was_full = False

    def step(self) -> int:
        """Do one, and return how many rows that were."""
        rows, start = self._rows, time.perf_counter()
        done = self._work(rows)
        took = time.perf_counter() - start
        self.was_full = 2 * done >= rows  # whole groups seldom come out even
        if not done:
            self._rows = FIRST
        elif self.was_full or took > self._seconds:
            wanted = rows * min(2.0, max(0.5, self._seconds / took))
            self._rows = min(MOST, max(FEWEST, round(wanted)))
        return done
