"""What Prometheus learns about the process, in both services."""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Gauge

from crispml_core.ports.timing_log import TimingHub
from crispml_core.rest.counting import Totals


class ProcessMetrics:
    """What the process is like, and what became of the points of its timing log."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._points, self._pauses, self._pause_s, self._cpu_s = (
            Totals(Counter(name, text, (label,), registry=registry))
            for name, text, label in (
                (
                    "crispml_timing_points_total",
                    "Points for InfluxDB: written, dropped for want of room, or given up.",
                    "outcome",
                ),
                ("crispml_gc_pauses_total", "Garbage collections.", "generation"),
                (
                    "crispml_gc_pause_seconds_total",
                    "Time in garbage collections, in which nothing else is done.",
                    "generation",
                ),
                (
                    "crispml_process_cpu_seconds_total",
                    "Processor time of the process, in its own code and in the system.",
                    "mode",
                ),
            )
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
        facts = hub.facts()
        for gauge, value in (
            (self._resident, facts.resident_bytes),
            (self._threads, facts.threads),
            (self._files, facts.open_files),
        ):
            gauge.set(float("nan") if value is None else value)
        pauses = {str(generation): number for generation, (number, _) in enumerate(facts.gc)}
        pause_s = {str(generation): seconds for generation, (_, seconds) in enumerate(facts.gc)}
        spent = os.times()
        self._cpu_s.reach({"user": spent.user, "system": spent.system})
        self._pauses.reach(pauses)
        self._pause_s.reach(pause_s)
        self._points.reach(hub.points())
