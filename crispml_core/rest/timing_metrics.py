"""What Prometheus learns about calls, in both services."""

from __future__ import annotations

from collections import Counter as Counts
from collections import defaultdict, deque

from prometheus_client import CollectorRegistry, Counter, Histogram

from crispml_core.domain.timings import Call
from crispml_core.ports.timing_log import TimingHub
from crispml_core.rest.counting import observe_many
from crispml_core.rest.process_metrics import ProcessMetrics

_SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_METHOD_BUCKETS = (*_SHORT, 30, 60, 300, 1800, 7200)
_STAGE_BUCKETS = (0.0001, 0.00025, 0.0005, *_SHORT)
# Telling a histogram of one value costs more than the rest of the timing of a group.
_MANY = 100


class TimingMetrics:
    """Calls and the process that they run in, for the app of a service."""

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
