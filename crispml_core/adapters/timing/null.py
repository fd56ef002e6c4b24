"""No timing log: the steps of a run keep their own times anyway."""

from __future__ import annotations

from collections.abc import Mapping

from crispml_core.adapters.timing.process import Process
from crispml_core.domain.timings import Call, ProcessFacts
from crispml_core.ports.timing_log import TimingLog


class NullTimingLog:
    """Forgets every call; see `crispml_core.ports.timing_log.TimingHub`."""

    def enter(self, call: Call) -> None:
        """Do nothing."""

    def exit(self, call: Call) -> None:
        """Do nothing."""

    def add(self, log: TimingLog) -> None:
        """Do nothing."""

    def exit_elsewhere(self, call: Call) -> None:
        """Do nothing."""

    def facts(self) -> ProcessFacts:
        """Return what the process is like."""
        return Process().facts()

    def points(self) -> Mapping[str, int]:
        """Return nothing."""
        return {}

    def close(self) -> None:
        """Do nothing."""
