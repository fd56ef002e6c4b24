"""What one process has counted; the figures of all processes add up."""

from __future__ import annotations

import msgspec

from loadtest.histogram import Histogram
from loadtest.outcomes import Outcome
from loadtest.seconds import SecondFigures, merge


class RequestFigures(msgspec.Struct):
    """The requests of one name.

    Parameters
    ----------
    warm_up, measured : dict of str to int
        How many requests had which outcome, before anything is measured and afterwards.
    latency : Histogram
        Measured times from the moment a request was due to its answer. One that was never sent
        counts with the time that it has waited.
    service : Histogram
        Measured times from the moment it was sent. What is missing here of the latency is what a
        client would not see that sends one request after the other.
    records : int
        Records of the measured requests that were scored.
    is_open : bool
        Whether its moments were planned; else it follows the answer to the one before.
    """

    warm_up: dict[str, int] = {}
    measured: dict[str, int] = {}
    latency: Histogram = msgspec.field(default_factory=Histogram)
    service: Histogram = msgspec.field(default_factory=Histogram)
    records: int = 0
    is_open: bool = True

    @property
    def requests(self) -> int:
        """How many were due and measured."""
        return sum(self.measured.values())

    def count(self, outcome: Outcome) -> int:
        """Return how many had an outcome, in the warm-up and afterwards."""
        return self.warm_up.get(outcome, 0) + self.measured.get(outcome, 0)

    def merge(self, other: RequestFigures) -> None:
        """Add what another process counted."""
        for mine, its in ((self.warm_up, other.warm_up), (self.measured, other.measured)):
            for name, count in its.items():
                mine[name] = mine.get(name, 0) + count
        self.latency.merge(other.latency)
        self.service.merge(other.service)
        self.records += other.records
        self.is_open = other.is_open


class Figures(msgspec.Struct):
    """All requests of a load, or those since the last report of a process.

    Parameters
    ----------
    by_request : dict of str to RequestFigures
        By the name of the request.
    notes : dict of str to int
        What went wrong, in words, and how often.
    lateness : Histogram
        How late processes that send woke up, while it was measured.
    seconds : dict of int to SecondFigures
        By the second since the load began; empty unless the settings ask for it.
    """

    by_request: dict[str, RequestFigures] = {}
    notes: dict[str, int] = {}
    lateness: Histogram = msgspec.field(default_factory=Histogram)
    seconds: dict[int, SecondFigures] = {}

    def add(
        self,
        name: str,
        outcome: Outcome,
        *,
        is_measured: bool,
        latency_ms: float = 0.0,
        service_ms: float | None = None,
        records: int = 0,
        is_open: bool = True,
    ) -> None:
        """Count one request.

        Parameters
        ----------
        service_ms : float, optional
            None for a request that was never sent.
        records : int
            How many were scored if it was answered.
        """
        of_name = self.by_request.setdefault(name, RequestFigures(is_open=is_open))
        counts = of_name.measured if is_measured else of_name.warm_up
        counts[outcome.value] = counts.get(outcome.value, 0) + 1
        if is_measured:
            of_name.records += records if outcome is Outcome.ANSWERED else 0
            of_name.latency.add(latency_ms)
            if service_ms is not None:
                of_name.service.add(service_ms)

    def note(self, what: str) -> None:
        """Count something that went wrong."""
        self.notes[what] = self.notes.get(what, 0) + 1

    def merge(self, other: Figures) -> None:
        """Add what another process counted."""
        for name, figures in other.by_request.items():
            mine = self.by_request.setdefault(name, RequestFigures(is_open=figures.is_open))
            mine.merge(figures)
        self.lateness.merge(other.lateness)
        merge(self.seconds, other.seconds)
        for what, count in other.notes.items():
            self.notes[what] = self.notes.get(what, 0) + count


class ProcessReport(msgspec.Struct):
    """What a process tells its master, again and again.

    Parameters
    ----------
    figures : Figures
        Since the report before.
    told : bytes
        The scores that were acknowledged since then, see `loadtest.told`.
    cpu_share : float
        The share of a core that the process used while the load was measured, so far.
    faults : int
        Errors of the load test itself, since the report before.
    is_last : bool
        Whether its users have stopped.
    """

    figures: Figures
    told: bytes
    cpu_share: float
    faults: int
    is_last: bool


class LoadReport(msgspec.Struct):
    """What all processes of a load told, as it is left in a file.

    Parameters
    ----------
    seconds : float
        How long was measured.
    cpu_shares : list of float
        The largest share of a core of each process that sent, and of the one that collects.
    processes : int
        How many processes that send told anything.
    silent : int
        Processes whose last report did not come; then figures and scores are missing.
    faults : int
        Errors of the load test itself: what its users should have done they may not have.
    told : int
        How many scores were acknowledged.
    """

    figures: Figures
    seconds: float
    cpu_shares: list[float]
    processes: int
    silent: int
    faults: int
    told: int
