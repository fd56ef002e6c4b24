"""Where the timings of methods and of groups of requests go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from crispml_core.domain.timings import Call, ProcessFacts


class TimingLog(Protocol):
    """Is told of the entry and the exit of each call; must never fail or slow one.

    Everything that times speaks to this port, and everything that keeps timings is behind it.
    """

    def enter(self, call: Call) -> None:
        """Note that a call began. What comes out of it is not known yet.

        Of a group it is measured what the process is like; it is told at its exit.
        """
        ...

    def exit(self, call: Call) -> None:
        """Note that a call ended, whose seconds, rows, stages and outcome are known now."""
        ...


class TimingHub(TimingLog, Protocol):
    """The timing log of a process: it measures the process, and tells several logs."""

    def add(self, log: TimingLog) -> None:
        """Tell one more log from now on."""
        ...

    def exit_elsewhere(self, call: Call) -> None:
        """Tell the added logs of a call in another process, which has told all others itself."""
        ...

    def facts(self) -> ProcessFacts:
        """Return what the process is like."""
        ...

    def points(self) -> Mapping[str, int]:
        """Return how many points were written, dropped and failed since the process began."""
        ...

    def close(self) -> None:
        """Write what waits, as far as that takes no time worth mentioning, and stop."""
        ...
