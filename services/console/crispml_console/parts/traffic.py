"""What the scoring service does right now, from its metrics."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from shiny import reactive

from crispml_console.parts.exposition import Exposition, Histogram, rate
from crispml_console.parts.page import Visit
from crispml_console.service.asked import State
from crispml_console.service.call import scoring
from crispml_core.client.scoring import ScoringClient

EVERY_S, _LATE_S = 5.0, 60.0
_SOON_S = 1.0
"""A rate needs two readings, and somebody waits for the first one."""
_KEPT = 121
"""Ten minutes."""
DURATION = "crispml_http_request_duration_seconds"
_SCORING = ("/new-data-score", "/infer", "/invocations")


@dataclass(frozen=True, slots=True)
class Reading:
    """The few numbers of a moment that are kept.

    Parameters
    ----------
    scores : dict
        Scores since the service started, by use case.
    taken : Histogram
        How long the requests took that answer scores.
    """

    scores: dict[str, float]
    taken: Histogram

    @classmethod
    def of(cls, found: Exposition) -> Reading:
        """Read them from the metrics."""
        return cls(found.by("use_case", "crispml_scores_total"), scoring_requests(found))


def is_scoring(path: str) -> bool:
    """Return whether a route answers scores."""
    return path.endswith(_SCORING)


def scoring_requests(found: Exposition) -> Histogram:
    """Return how long the requests took that answer scores, all of them together."""
    taken = [
        found.histogram(DURATION, route=path)
        for path in found.by("route", f"{DURATION}_count")
        if is_scoring(path)
    ]
    if not taken:
        return Histogram()
    counts = tuple(sum(each) for each in zip(*(one.counts for one in taken), strict=True))
    return Histogram(taken[0].bounds, counts, sum(one.seconds for one in taken))


def metrics(client: ScoringClient) -> Exposition:
    """Return the metrics of the service; they are read in the thread that asks."""
    return Exposition(client.metrics())


class Traffic:
    """The metrics of the scoring service, and those of the last minutes while a page is open.

    They are those of the process that answers: behind a load balancer only Prometheus sees all.
    """

    def __init__(self, visit: Visit, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.points: deque[tuple[float, Reading]] = deque(maxlen=_KEPT)
        """Moments in seconds with what was measured then, the newest last."""
        self._asked = visit.asked(scoring(metrics), every_s=self._pause, on_answer=self._take)
        self._state: reactive.Value[State[Exposition]] = reactive.Value(State(), name="state")
        self._follow()

    def __call__(self) -> State[Exposition]:
        """Return the newest metrics, in a reactive place."""
        return self._state()

    def scores_a_second(self, use_case: str | None = None) -> float | None:
        """Return the scores a second over the last minute; None before there are two readings."""
        if not self.points:
            return None
        begin = self.points[-1][0] - _LATE_S
        late = [(at, reading.scores) for at, reading in self.points if at >= begin]
        if use_case is None:
            return rate([(at, sum(scores.values())) for at, scores in late])
        return rate([(at, scores.get(use_case, 0.0)) for at, scores in late])

    def _pause(self) -> float:
        return EVERY_S if self.points else _SOON_S

    def _take(self, found: Exposition) -> None:
        self.points.append((self._clock(), Reading.of(found)))

    def _follow(self) -> None:
        @reactive.effect
        def _() -> None:
            state = self._asked()
            if not state.is_asking:
                self._state.set(state)
