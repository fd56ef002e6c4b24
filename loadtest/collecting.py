"""What one process of Locust counts, and what the one that collects makes of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from loadtest import seconds, told
from loadtest.config import LoadSettings
from loadtest.figures import Figures, LoadReport, ProcessReport
from loadtest.outcomes import Outcome

FIGURES_FILE, TOLD_FILE, SERIES_FILE = "figures.json", "told.bin", "series.csv"
BEGAN_FILE, END_FILE = "began", "end"
"""For who does something meanwhile: when a load began, and what ends it before its time."""
Listener = Callable[[Figures], None]
"""Takes the figures since the time before."""


class CpuShare:
    """How much of a core this process uses, from a moment on."""

    def __init__(self) -> None:
        self._began: tuple[float, float] | None = None
        self._share = 0.0

    def begin(self) -> None:
        """Measure from now on."""
        self._began = _used(), time.perf_counter()

    def look(self) -> float:
        """Return the share so far; 0 before it is measured."""
        if self._began is not None:
            used, began = self._began
            self._share = (_used() - used) / max(time.perf_counter() - began, 1e-9)
        return self._share

    def end(self) -> None:
        """Keep the share as it is."""
        self.look()
        self._began = None


class Collector:
    """Counts what the users of one process hear, until it is reported.

    Parameters
    ----------
    warm_up_s : float
        What is due so soon after the start is counted apart.
    seconds : float
        How long is measured then.
    has_record_keys : bool
        Whether the ledger holds the record keys themselves.
    has_series : bool
        Whether planned requests are counted by the second, too.
    """

    def __init__(
        self, warm_up_s: float, seconds: float, *, has_record_keys: bool, has_series: bool = False
    ) -> None:
        self.cpu = CpuShare()
        self.figures = Figures()
        self._has_series = has_series
        self._began = 0.0
        self._warm_up_s, self._seconds = warm_up_s, seconds
        self._has_record_keys = has_record_keys
        self._told = bytearray()
        self._measured_from: float | None = None
        self._over_at = float("inf")
        self._is_over = False
        self._faults = 0

    def begin(self, at: float) -> None:
        """Start the clock at a moment of `time.perf_counter`."""
        self._began = at
        self._measured_from = at + self._warm_up_s
        self._over_at = self._measured_from + self._seconds

    def cut(self) -> None:
        """End the load now, before its time."""
        self._over_at = min(self._over_at, time.perf_counter())
        self.cpu.end()

    def end_if(self, has_stopped: bool) -> None:
        """Note that all users have stopped, if the time of the load is over."""
        self._is_over = has_stopped and time.perf_counter() >= self._over_at

    def fault(self, what: str) -> None:
        """Count an error of the load test itself."""
        self._faults += 1
        self.figures.note(f"fault: {what}")

    @property
    def is_over(self) -> bool:
        """Whether all users have stopped."""
        return self._is_over

    def note_lateness(self, due: float, woken: float) -> None:
        """Note how late this process woke up."""
        if self.is_measured(due) and due < self._over_at:
            self.figures.lateness.add((woken - due) * 1000)

    def is_measured(self, due: float) -> bool:
        """Return whether what was due at a moment belongs to the measured part."""
        return self._measured_from is not None and due >= self._measured_from

    def add(
        self,
        name: str,
        outcome: Outcome,
        *,
        due: float,
        sent: float | None,
        done: float,
        records: int = 0,
        is_open: bool = True,
    ) -> None:
        """Count a request by its moments; `sent` is None if it was never sent."""
        self.figures.add(
            name,
            outcome,
            is_measured=self.is_measured(due),
            latency_ms=(done - due) * 1000,
            service_ms=None if sent is None else (done - sent) * 1000,
            records=records,
            is_open=is_open,
        )
        if self._has_series and is_open:
            seconds.place(
                self.figures.seconds,
                outcome,
                due=due - self._began,
                sent=None if sent is None else sent - self._began,
                done=done - self._began,
            )

    def tell(
        self,
        score_id: str,
        record_key: str,
        prediction: str | float,
        probability: float | None,
        version: str,
    ) -> None:
        """Keep a score that a client was told."""
        key = record_key if self._has_record_keys else None
        self._told += told.pack(score_id, told.value_digest(prediction, probability, version, key))

    def report(self) -> ProcessReport:
        """Return what was counted since the report before."""
        made = ProcessReport(
            figures=self.figures,
            told=bytes(self._told),
            cpu_share=self.cpu.look(),
            faults=self._faults,
            is_last=self._is_over,
        )
        self.figures, self._faults = Figures(), 0
        self._told.clear()
        return made


class Gathering:
    """Adds up the reports of all processes, and keeps what clients were told in a file.

    Parameters
    ----------
    settings : LoadSettings
        Names the folder of the results.
    """

    def __init__(self, settings: LoadSettings) -> None:
        self.figures = Figures()
        self.listeners: list[Listener] = []
        self.cpu = CpuShare()
        self._settings, self._folder = settings, Path(settings.results)
        self._folder.mkdir(parents=True, exist_ok=True)
        for name in (BEGAN_FILE, END_FILE):
            (self._folder / name).unlink(missing_ok=True)
        self._file = (self._folder / TOLD_FILE).open("wb")
        self._told = self._faults = 0
        self._cpu_shares: dict[str, float] = {}
        self._is_last: dict[str, bool] = {}
        self._began = self._ended = 0.0

    def begin(self) -> None:
        """Note that the load begins, by the clock of this machine too."""
        self._began = time.perf_counter()
        begun = self._folder / f"{BEGAN_FILE}.part"
        begun.write_text(f"{time.time()}")
        begun.rename(self._folder / BEGAN_FILE)

    def end(self) -> None:
        """Note that users are told to stop; only the first time counts."""
        self._ended = self._ended or time.perf_counter()
        self.cpu.end()

    @property
    def ended_since_s(self) -> float:
        """How long ago users were told to stop; 0 if they were not."""
        return time.perf_counter() - self._ended if self._ended else 0.0

    @property
    def is_cut(self) -> bool:
        """Whether somebody ended the load before its time."""
        return (self._folder / END_FILE).exists()

    @property
    def is_complete(self) -> bool:
        """Whether every process said that its users have stopped."""
        return all(self._is_last.values())

    def take(self, process: str, report: ProcessReport) -> None:
        """Add the report of a process."""
        self.figures.merge(report.figures)
        self._file.write(report.told)
        self._told += len(report.told) // told.SIZE
        self._faults += report.faults
        self._cpu_shares[process] = report.cpu_share
        self._is_last[process] = report.is_last
        for listener in self.listeners:
            listener(report.figures)

    def finish(self) -> None:
        """Leave the figures in a file."""
        self._file.close()
        over = max(self._ended, self._began) - self._began
        report = LoadReport(
            figures=self.figures,
            seconds=max(0.0, over - self._settings.warm_up_s),
            cpu_shares=[*self._cpu_shares.values(), self.cpu.look()],
            processes=len(self._is_last),
            silent=sum(not is_last for is_last in self._is_last.values()),
            faults=self._faults,
            told=self._told,
        )
        (self._folder / FIGURES_FILE).write_bytes(msgspec.json.encode(report))
        if self.figures.seconds:
            seconds.write(self.figures.seconds, self._folder / SERIES_FILE)


def read_report(folder: Path) -> LoadReport:
    """Return what a load left in its folder."""
    return msgspec.json.decode((folder / FIGURES_FILE).read_bytes(), type=LoadReport)


def _used() -> float:
    return sum(os.times()[:2])
