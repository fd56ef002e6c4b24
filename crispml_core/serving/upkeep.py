"""What a scoring process does later: record keys are indexed, then scores are counted for drift.

Where steps are made between commits, whoever comes meanwhile waits for the end of one, so a step is
as large as fits into a short time. Larger ones cost less for a score, but are what the slowest
requests wait for: 10,000 keys at once took 40 ms on SQLite. In smaller ones fixed costs prevail.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

import structlog

from crispml_core.domain.errors import CrispMLError, describe_failure
from crispml_core.domain.upkeep import Upkept

STEP_S = 0.010
FEWEST, FIRST, MOST = 100, 500, 10_000
# Once all scores are counted, those that come wait for each other: a transaction for each would be
# much work for little.
_COUNTED_EVERY_S, _COUNTED_AGAIN_S = 1.0, 60.0

_log = structlog.get_logger("crispml.scoring")

Work: TypeAlias = Callable[[int], Upkept]
"""Does something for about so many scores."""


class Upkeep:
    """What is left to be indexed and to be counted.

    Parameters
    ----------
    index : callable
        Indexes record keys that are committed.
    count : callable
        Counts scores that are indexed.
    index_s : float
        How long a step of the index may take.
    """

    def __init__(self, index: Work, count: Work, *, index_s: float = STEP_S) -> None:
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
        self._has_unindexed = done.has_more
        self._has_uncounted = self._is_turn_of_counts = True
        return counts or _goes_on(done)

    def _step_of_counts(self) -> bool:
        """Count some scores; what fails there must not end the calling thread."""
        try:
            done = self._count.step()
        except CrispMLError:
            raise
        except Exception as error:
            self._counts_at = time.monotonic() + _COUNTED_AGAIN_S
            _log.error("scores_not_counted", reason=describe_failure(error))
            return False
        self._has_uncounted = done.has_more
        if not done.has_more:
            self._counts_at = time.monotonic() + _COUNTED_EVERY_S
        return _goes_on(done)


def _goes_on(done: Upkept) -> bool:
    """Return whether the next step should follow; not while another process does the same."""
    return done.rows > 0 and done.has_more


class _Steps:
    """Steps of so many rows as take a time."""

    def __init__(self, work: Work, seconds: float) -> None:
        self._work, self._seconds, self._rows = work, seconds, FIRST

    def step(self) -> Upkept:
        """Do one; if it fails, the next one is half as large."""
        rows, start = self._rows, time.perf_counter()
        self._rows = max(FEWEST, rows // 2)
        done = self._work(rows)
        took = time.perf_counter() - start
        self._rows = rows
        if not done.rows and not done.has_more:
            self._rows = FIRST
        elif done.rows and (done.has_more or took > self._seconds):
            wanted = rows * min(2.0, max(0.5, self._seconds / took))
            self._rows = min(MOST, max(FEWEST, round(wanted)))
        return done
