"""A timing log in memory."""

from __future__ import annotations

from collections.abc import Mapping

from crispml_core.domain.timings import Call, ProcessFacts
from crispml_core.ports.timing_log import TimingLog


class FakeTimingLog:
    """Keeps what it was told, in order, and tells the logs that were added.

    Attributes
    ----------
    entered, exited : list of Call
        Every call that began and that ended.
    """

    def __init__(self) -> None:
        self.entered: list[Call] = []
        self.exited: list[Call] = []
        self._added: list[TimingLog] = []

    def enter(self, call: Call) -> None:
        """Note that a call began."""
        self.entered.append(call)
        for log in self._added:
            log.enter(call)

    def exit(self, call: Call) -> None:
        """Note that a call ended."""
        self.exited.append(call)
        for log in self._added:
            log.exit(call)

    def add(self, log: TimingLog) -> None:
        """Tell one more log from now on."""
        self._added.append(log)

    def exit_elsewhere(self, call: Call) -> None:
        """Tell the added logs of a call in another process."""
        for log in self._added:
            log.exit(call)

    def facts(self) -> ProcessFacts:
        """Return a process that uses nothing."""
        return ProcessFacts(resident_bytes=0, threads=1, open_files=0, gc=())

    def points(self) -> Mapping[str, int]:
        """Return nothing."""
        return {}

    def close(self) -> None:
        """Do nothing."""
