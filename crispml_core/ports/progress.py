"""How a long method says how far it is, and learns that it should stop."""

from __future__ import annotations

from typing import Protocol

from crispml_core.domain.runs import MethodTiming


class Progress(Protocol):
    """Reports progress of the current method."""

    def __call__(self, fraction: float, message: str = "") -> None:
        """Note the share that is done, 0 to 1.

        Raises
        ------
        RunCancelled
            If somebody asked the run to stop.
        RunTimedOut
            If the run took longer than it may.
        """
        ...


class RunProgress(Protocol):
    """Reports progress of a whole run."""

    def __call__(self, percent: float, stage: str, steps: tuple[MethodTiming, ...]) -> None:
        """Note the percentage, what is going on and the methods that ended so far.

        Raises
        ------
        RunCancelled
            If somebody asked the run to stop.
        RunTimedOut
            If the run took longer than it may.
        """
        ...


def no_progress(fraction: float, message: str = "") -> None:
    """Ignore progress."""


def no_run_progress(percent: float, stage: str, steps: tuple[MethodTiming, ...]) -> None:
    """Ignore progress of a run."""
