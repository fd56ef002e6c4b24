"""However many versions a process has seen, few are told."""

from __future__ import annotations

import math

from prometheus_client import CollectorRegistry, Gauge

from crispml_core.rest.few_versions import MOST, few_versions


def told(registry, in_service):
    return {
        (sample.name, *sample.labels.values())
        for metric in few_versions(registry.collect(), in_service)
        for sample in metric.samples
    }


def test_the_newest_and_those_in_service_are_told():
    registry = CollectorRegistry()
    scores = Gauge("scores_total", "Scores.", ("use_case", "version"), registry=registry)
    requests = Gauge("requests_total", "Requests.", ("route",), registry=registry)
    requests.labels("/").inc()
    for day in range(100):
        scores.labels("credit", f"2026{day:04}").inc()
    scores.labels("churn", "20250101").inc()
    newest = {("scores_total", "credit", f"2026{day:04}") for day in range(100 - MOST, 100)}
    others = {("requests_total", "/"), ("scores_total", "churn", "20250101")}
    assert told(registry, {}) == newest | others
    champion = ("scores_total", "credit", "20260003")
    assert told(registry, {"credit": {"20260003"}}) == newest | others | {champion}


def test_a_version_without_a_value_is_not_told():
    registry = CollectorRegistry()
    drift = Gauge("drift", "Drift.", ("use_case", "version"), registry=registry)
    drift.labels("credit", "v1").set(math.nan)
    drift.labels("credit", "v2").set(0.2)
    assert told(registry, {}) == {("drift", "credit", "v2")}
