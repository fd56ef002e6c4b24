"""Counting committed scores for drift, a step at a time, when there is nothing else to do."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from crispml_core.domain.errors import CrispMLError, describe_failure

# So many scores are counted in one step: some ten milliseconds. Once all are counted, those that
# come wait for each other: a transaction for each would be much work for little.
_ROWS = 1_000
_EVERY_S, _AGAIN_S = 1.0, 60.0

_log = structlog.get_logger("crispml.scoring")


class ScoreCounting:
    """What is left to be counted.

    Parameters
    ----------
    count : callable
        Counts about so many committed scores and returns how many.
    """

    def __init__(self, count: Callable[[int], int]) -> None:
        self._count = count
        self._has_uncounted = True  # an earlier process may have left some
        self._counted_at = 0.0

    def expect(self) -> None:
        """Note that there are scores which are not counted."""
        self._has_uncounted = True

    def step(self) -> None:
        """Count some scores, if it is time; what fails there must not end the calling thread.

        Raises
        ------
        CrispMLError
            If the ledger does not answer.
        """
        if not self._has_uncounted or time.monotonic() - self._counted_at <= _EVERY_S:
            return
        try:
            self._has_uncounted = self._count(_ROWS) > 0
        except CrispMLError:
            raise
        except Exception as error:
            self._counted_at = time.monotonic() + _AGAIN_S
            _log.error("scores_not_counted", reason=describe_failure(error))
            return
        if not self._has_uncounted:
            self._counted_at = time.monotonic()
