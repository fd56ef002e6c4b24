"""How many scores were in each cell of the reference of their version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from crispml_core.domain.drift import OVERALL, CountsKey, DriftCounts, UncountedGroup
from crispml_core.domain.upkeep import Upkept


class DriftCounter(Protocol):
    """Turns scores into counts that can be added."""

    def count(self, groups: Sequence[UncountedGroup]) -> Mapping[CountsKey, DriftCounts]:
        """Return the counts of some groups; a version without a reference has none."""
        ...


class DriftStore(Protocol):
    """Counts that follow the commits: every group is in them once."""

    def advance(self, max_rows: int) -> Upkept:
        """Count the first groups that wait, of about `max_rows` scores.

        Only groups whose record keys are indexed wait; see `ScoreLedger.index_keys`.
        """
        ...

    def catch_up(self) -> None:
        """Count every group that is committed now.

        Raises
        ------
        StoreUnavailable
            If another process holds some of them for too long.
        """
        ...

    def find(
        self,
        use_case: str,
        version: str,
        *,
        start: datetime,
        end: datetime,
        segment: str = OVERALL,
    ) -> list[tuple[datetime, DriftCounts]]:
        """Return the counts by hour, for the hours that begin in [start, end), oldest first."""
        ...

    def rows(self, use_case: str, *, start: datetime, end: datetime) -> dict[str, int]:
        """Return how many scores were counted, by version, in the hours of [start, end)."""
        ...


class LabelCounts(Protocol):
    """How often each truth became known."""

    def classes(self, use_case: str, *, start: datetime, end: datetime) -> dict[str, int]:
        """Return how many current labels of a time in [start, end) have each class."""
        ...

    def numbers(
        self,
        use_case: str,
        *,
        start: datetime,
        end: datetime,
        edges: Sequence[float],
        mean: float,
        sd: float,
        farthest: float,
    ) -> tuple[list[int], float, float]:
        """Return current labels by bin, and the sum and squares of (value - mean) / sd.

        Parameters
        ----------
        edges : sequence of float
            The least value of the first bin and the last of each; beyond them are two bins more.
        farthest : float
            So many times `sd` a value is away at most; what is farther counts as that.
        """
        ...
