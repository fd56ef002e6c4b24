"""What Prometheus learns about scoring, besides the requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from crispml_core.domain.events import ServingEvent
from crispml_core.domain.labels import Verdict
from crispml_core.domain.models import ROLES
from crispml_core.serving.engine import ScoringEngine
from crispml_core.serving.ledger_writer import Served
from crispml_core.serving.shadow import KEPT

_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_VERSION = ("use_case", "model", "version")


class ScoringMetrics:
    """Counts groups of commits, never single records."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._scores = Counter(
            "crispml_scores_total", "Scores made durable.", _VERSION, registry=registry
        )
        self._counters: dict[Served, Counter] = {}  # looking for one costs more than counting
        self._commits = Histogram(
            "crispml_commit_duration_seconds",
            "Time that a group of requests takes to become durable.",
            buckets=_BUCKETS,
            registry=registry,
        )
        self._events = Counter(
            "crispml_serving_events_total",
            "Refused and failed requests, and changes of what serves.",
            ("kind", "code"),
            registry=registry,
        )
        self._shadow = Counter(
            "crispml_shadow_scores_total",
            "Scores of a challenger that nobody was answered, made durable.",
            _VERSION,
            registry=registry,
        )
        self._shadow_dropped = Counter(
            "crispml_shadow_dropped_total",
            "Records that a challenger did not score in the shadow.",
            ("use_case", "reason"),
            registry=registry,
        )
        self._labels = Counter(
            "crispml_labels_total",
            "Labels that came, by what became of them.",
            ("use_case", "verdict"),
            registry=registry,
        )
        self._queue = Gauge(
            "crispml_queue_ratio",
            "How full the queue of commits is, from 0 to 1.",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._journal = Gauge(
            "crispml_journal_transactions",
            "Transactions that wait in the journal for the database.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._damaged = Gauge(
            "crispml_journal_damaged_bytes",
            "Bytes of journals that were damaged, and are not in the database.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._fallback = Gauge(
            "crispml_fallback_serving",
            "1 while another version serves in place of the champion.",
            ("use_case",),
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._unfit = Gauge(
            "crispml_champion_unfit",
            "1 while the champion is judged unfit to answer, whoever answers.",
            ("use_case",),
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._untrusted = Gauge(
            "crispml_version_untrusted",
            "1 while an alias names a version whose signature does not count, so it is not used.",
            ("use_case",),
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._dropped = Gauge(
            "crispml_events_dropped",
            "Events that were not kept, because more came than could be written.",
            registry=registry,
            multiprocess_mode="livesum",
        )

        self._drift = Gauge(
            "crispml_drift",
            "How far the scores of the last day are from the training data, by statistic.",
            ("use_case", "version", "field", "statistic"),
            registry=registry,
            multiprocess_mode="livemostrecent",
        )
        self._measured: dict[str, set[tuple[str, ...]]] = {}

    def on_commit(self, rows: Mapping[Served, int], seconds: float) -> None:
        """Count a group; called by the thread that commits."""
        for served, number in rows.items():
            counter = self._counters.get(served)
            if counter is None:
                counter = self._scores.labels(served.use_case, served.model, served.version)
                self._counters[served] = counter
            counter.inc(number)
        self._commits.observe(seconds)

    def on_event(self, event: ServingEvent) -> None:
        """Count an event."""
        self._events.labels(event.kind.value, event.code).inc()

    def on_shadow(self, served: Served, outcome: str, rows: int) -> None:
        """Count shadow scores, or why there are none."""
        if outcome == KEPT:
            self._shadow.labels(served.use_case, served.model, served.version).inc(rows)
        else:
            self._shadow_dropped.labels(served.use_case, outcome).inc(rows)

    def expect_labels(self, use_cases: Iterable[str]) -> None:
        """Begin to count at 0, so that the first labels are a rise."""
        for use_case in use_cases:
            self.on_labels(use_case, dict.fromkeys(Verdict, 0))

    def on_labels(self, use_case: str, counts: Mapping[str, int]) -> None:
        """Count an import by its verdicts."""
        for verdict, rows in counts.items():
            self._labels.labels(use_case, str(verdict)).inc(rows)

    def look(self, engine: ScoringEngine) -> None:
        """Take the state of the engine, before the metrics are read."""
        self._queue.set(engine.load)
        self._journal.set(engine.durable.waiting)
        self._damaged.set(engine.durable.damaged_bytes)
        self._dropped.set(engine.dropped_events)
        fallbacks, unfit = engine.models.fallbacks(), engine.models.unfit()
        untrusted = engine.models.untrusted()
        for use_case, versions in engine.models.serving().items():
            for alias, version in versions.items():
                if alias in ROLES:  # so that its first scores are a rise
                    self._scores.labels(use_case, use_case, version)
        for use_case in engine.models.status():
            self._fallback.labels(use_case).set(use_case in fallbacks)
            self._unfit.labels(use_case).set(use_case in unfit)
            self._untrusted.labels(use_case).set(use_case in untrusted)

    def on_drift(
        self, use_case: str, version: str, effects: Mapping[tuple[str, str], float]
    ) -> None:
        """Take the effects by field and statistic; what is measured no more has no value."""
        found = {(use_case, version, *what): effect for what, effect in effects.items()}
        for gone in self._measured.get(use_case, set()) - found.keys():
            self._drift.labels(*gone).set(float("nan"))
        for labels, effect in found.items():
            self._drift.labels(*labels).set(effect)
        self._measured[use_case] = set(found)
