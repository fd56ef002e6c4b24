"""What Prometheus learns about calls and about the process, in both services."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter as Counts
from collections import defaultdict, deque

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from crispml_core.domain.timings import Call
from crispml_core.ports.timing_log import TimingHub

_SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_METHOD_BUCKETS = (*_SHORT, 30, 60, 300, 1800, 7200)
_STAGE_BUCKETS = (0.0001, 0.00025, 0.0005, *_SHORT)
# Telling a histogram of one value costs more than the rest of the timing of a group.
_MANY = 100


class TimingMetrics:
    """All of it, for the app of a service."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls, self._process = CallMetrics(registry), ProcessMetrics(registry)
        self._hub: TimingHub | None = None

    def watch(self, hub: TimingHub) -> None:
        """Be told of calls from now on, once the service has started."""
        self._hub = hub
        hub.add(self._calls)

    def look(self) -> None:
        """Take the state of the process, before the metrics are read."""
        self._calls.flush()
        if self._hub is not None:
            self._process.look(self._hub)


class CallMetrics:
    """Counts and times calls; see `crispml_core.ports.timing_log.TimingLog`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._noted: deque[Call] = deque()
        self._seconds = Histogram(
            "crispml_method_duration_seconds",
            "Time from the entry of a method to its exit; of new-data-score one per group.",
            ("use_case", "method", "outcome"),
            buckets=_METHOD_BUCKETS,
            registry=registry,
        )
        self._rows = Counter(
            "crispml_method_rows_total",
            "Rows that went through a method.",
            ("use_case", "method"),
            registry=registry,
        )
        self._stages = Histogram(
            "crispml_group_stage_duration_seconds",
            "What a group of requests on the scoring path spends its time on.",
            ("stage",),
            buckets=_STAGE_BUCKETS,
            registry=registry,
        )
        self._slow = Counter(
            "crispml_slow_calls_total",
            "Calls that took longer than the setting for slow calls.",
            ("method",),
            registry=registry,
        )

    def enter(self, call: Call) -> None:
        """Do nothing: only what ended has a duration."""

    def exit(self, call: Call) -> None:
        """Take in a call; may be called by several threads."""
        self._noted.append(call)
        if len(self._noted) >= _MANY:
            self.flush()

    def flush(self) -> None:
        """Tell the metrics what was taken in."""
        seconds: dict[tuple[str, str, str], list[float]] = defaultdict(list)
        rows: Counts[tuple[str, str]] = Counts()
        stages: dict[str, list[float]] = defaultdict(list)
        while self._noted:
            try:
                call = self._noted.popleft()
            except IndexError:  # another thread was quicker
                break
            seconds[call.use_case, call.method, call.outcome.value].append(call.seconds)
            rows[call.use_case, call.method] += call.rows
            if call.is_slow:
                self._slow.labels(call.method).inc()
            if call.is_group:
                for stage, taken in call.stages.items():
                    stages[stage].append(taken)
        for labels, durations in seconds.items():
            observe_many(self._seconds.labels(*labels), durations)
        for method, number in rows.items():
            self._rows.labels(*method).inc(number)
        for stage, durations in stages.items():
            observe_many(self._stages.labels(stage), durations)


def observe_many(histogram: Histogram, values: list[float]) -> None:
    """Do what `Histogram.observe` does with one value, with several at once."""
    bounds, buckets = histogram._upper_bounds, histogram._buckets
    for place, number in Counts(bisect_left(bounds, value) for value in values).items():
        buckets[place].inc(number)
    histogram._sum.inc(sum(values))


class ProcessMetrics:
    """What the process is like, and what became of the points of its timing log."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._told: dict[tuple[str, ...], float] = {}
        self._lock = threading.Lock()  # two readers must not count the same twice
        self._points = Counter(
            "crispml_timing_points_total",
            "Points for InfluxDB: written, dropped for want of room, or given up.",
            ("outcome",),
            registry=registry,
        )
        self._pauses = Counter(
            "crispml_gc_pauses_total",
            "Garbage collections.",
            ("generation",),
            registry=registry,
        )
        self._pause_s = Counter(
            "crispml_gc_pause_seconds_total",
            "Time in garbage collections, in which nothing else is done.",
            ("generation",),
            registry=registry,
        )
        self._resident, self._threads, self._files = (
            Gauge(name, text, registry=registry, multiprocess_mode="livesum")
            for name, text in (
                ("crispml_process_resident_bytes", "Resident memory."),
                ("crispml_process_threads", "Threads."),
                ("crispml_process_open_files", "Open files and connections."),
            )
        )

    def look(self, hub: TimingHub) -> None:
        """Take the state of the process, before the metrics are read."""
        with self._lock:
            self._look(hub)

    def _look(self, hub: TimingHub) -> None:
        facts = hub.facts()
        for gauge, value in (
            (self._resident, facts.resident_bytes),
            (self._threads, facts.threads),
            (self._files, facts.open_files),
        ):
            gauge.set(float("nan") if value is None else value)
        for generation, (number, seconds) in enumerate(facts.gc):
            self._advance(self._pauses, str(generation), number)
            self._advance(self._pause_s, str(generation), seconds)
        for outcome, number in hub.points().items():
            self._advance(self._points, outcome, number)

    def _advance(self, counter: Counter, label: str, total: float) -> None:
        """Bring a counter to a total that another module counts."""
        child, key = counter.labels(label), (counter._name, label)
        child.inc(total - self._told.get(key, 0.0))
        self._told[key] = total
