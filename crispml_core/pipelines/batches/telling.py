"""How a work says how far it is, and hears that it shall end."""

from __future__ import annotations

from typing import Protocol

from crispml_core.pipelines.batches.input import Report


class Tell(Protocol):
    """Hears how far a work is, and ends it by what it raises."""

    def __call__(self, rows: int, stage: str = "") -> None:
        """Note that so many rows more are done, or what the work waits for."""
        ...


class Told:
    """Turns rows that are done into the progress of a run.

    Parameters
    ----------
    report : callable
        Told the share of the run that is done, and a sentence.
    shares : tuple of float
        How much of the run is done before the first row, and after the last.
    what : str
        What is done with a row.
    total, done : int
        How many rows there are, and how many are done already.
    """

    def __init__(
        self, report: Report, shares: tuple[float, float], what: str, total: int, done: int = 0
    ) -> None:
        self._report, self._shares, self._what = report, shares, what
        self._total, self._done = total, done

    def __call__(self, rows: int, stage: str = "") -> None:
        """Note that so many rows more are done; see `Tell`."""
        self.at(self._done + rows, stage)

    def at(self, done: int, stage: str = "") -> None:
        """Note how many rows are done."""
        self._done = done
        low, high = self._shares
        share = low + (high - low) * done / self._total
        self._report(share, stage or f"{self._what} {done} of {self._total} records")

    def again(self) -> None:
        """Say the same again, which ends a work that shall end."""
        self.at(self._done)
