"""One load, and what is done to the replicas meanwhile."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness.say import say
from benchmarks.scaling.curve import Passed
from benchmarks.scaling.plan import Action, Phase
from benchmarks.scaling.platform import Platform
from crispml_core.domain.errors import CrispMLError
from loadtest.collecting import BEGAN_FILE, END_FILE
from loadtest.config import LoadSettings
from loadtest.figures import LoadReport
from loadtest.running import run_load

_LOOK_S, _SAMPLE_S = 0.1, 1.0


@dataclass(frozen=True, slots=True)
class Driven:
    """A load that is over.

    Parameters
    ----------
    passed : list of Passed
        What was done meanwhile.
    ready : dict of int to int
        How many replicas got requests, by the second of the load.
    """

    report: LoadReport
    passed: list[Passed]
    ready: dict[int, int]


class _Samples:
    """Looks each second how many replicas get requests, from entry to exit."""

    def __init__(self, platform: Platform, began: float) -> None:
        self.ready: dict[int, int] = {}
        self._platform, self._began = platform, began
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="samples", daemon=True)

    def __enter__(self) -> _Samples:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look_on(self) -> None:
        while not self._stop.wait(_SAMPLE_S):
            with contextlib.suppress(CrispMLError):  # a look that failed is one less in the plot
                self.ready[int(time.time() - self._began)] = self._platform.ready()


def drive(platform: Platform, settings: LoadSettings, phases: Sequence[Phase]) -> Driven:
    """Make a load, and pass through phases while it lasts.

    Parameters
    ----------
    settings : LoadSettings
        Its ``seconds`` are the most it may last: it ends with the last phase. Its folder is new.
    """
    folder = Path(settings.results)
    folder.mkdir(parents=True)
    target = platform.target
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(run_load, settings, target.training_url, target.scoring_url)
        try:
            began = _begin_of(load, folder)
            with _Samples(platform, began) as samples:
                time.sleep(settings.warm_up_s)
                passed = [_pass(platform, phase, began, load) for phase in phases]
        finally:
            (folder / END_FILE).touch()
        report = load.result()
    return Driven(report, passed, samples.ready)


def _begin_of(load: Future[LoadReport], folder: Path) -> float:
    """Return when the load began, by the clock of this machine."""
    begun = folder / BEGAN_FILE
    while not begun.exists():
        _raise_if_over(load)
        time.sleep(_LOOK_S)
    return float(begun.read_text())


def _pass(platform: Platform, phase: Phase, began: float, load: Future[LoadReport]) -> Passed:
    say(f"  {phase.title}")
    begun = time.time() - began
    if phase.action is Action.SCALE:
        platform.scale(phase.replicas)
    elif phase.action is Action.REPLACE:
        platform.replace()
    first = platform.used()
    ready = time.time() - began
    time.sleep(phase.hold_s)
    ended = time.time() - began
    last = platform.used()
    _raise_if_over(load)
    return Passed(phase, begun, ready, ended, (first, last))


def _raise_if_over(load: Future[LoadReport]) -> None:
    """Raise what ended the load, which ought to last."""
    if load.done():
        load.result()
        raise RuntimeError("the load ended before its last phase")
