"""Metrics are read as Prometheus reads them."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from crispml_console.parts.exposition import Exposition, rate

NAME = "seconds"


def measured(*seconds: float, route: str = "/score") -> Exposition:
    registry = CollectorRegistry()
    taken = Histogram(NAME, "", ["route"], buckets=(0.1, 0.2, 0.4), registry=registry)
    for each in seconds:
        taken.labels(route).observe(each)
    return Exposition(generate_latest(registry).decode())


def test_a_quantile_lies_where_the_values_do():
    found = measured(*[0.05] * 50, *[0.15] * 40, *[0.3] * 10).histogram(NAME)
    assert found.count == 100
    assert found.quantile(0.5) == pytest.approx(0.1)
    assert found.quantile(0.7) == pytest.approx(0.15)
    assert found.quantile(0.95) == pytest.approx(0.3)
    assert found.mean == pytest.approx(0.115)


def test_beyond_the_last_bound_that_bound_is_what_is_known():
    assert measured(9.0).histogram(NAME).quantile(0.99) == 0.4


def test_of_nothing_there_is_no_quantile_and_no_mean():
    nothing = measured().histogram(NAME)
    assert (nothing.count, nothing.quantile(0.5), nothing.mean) == (0, None, None)


def test_what_was_added_since_is_told_alone():
    before = measured(0.05, 0.05).histogram(NAME)
    now = measured(0.05, 0.05, 0.3).histogram(NAME)
    added = now.since(before)
    assert added.count == 1
    assert added.quantile(1) == pytest.approx(0.4)


def test_after_a_restart_all_of_it_was_added():
    before = measured(*[0.05] * 9).histogram(NAME)
    assert measured(0.3).histogram(NAME).since(before).count == 1


def test_samples_are_summed_over_the_labels_that_nobody_named():
    registry = CollectorRegistry()
    scores = Counter("scores", "", ["use_case", "version"], registry=registry)
    scores.labels("credit", "1").inc(3)
    scores.labels("credit", "2").inc(4)
    scores.labels("churn", "1").inc(5)
    found = Exposition(generate_latest(registry).decode())
    assert found.total("scores_total", use_case="credit") == 7
    assert found.by("use_case", "scores_total") == {"credit": 7, "churn": 5}
    assert found.total("nobody_knows_it") == 0


def test_a_rate_counts_on_over_a_restart():
    assert rate([(0.0, 100.0), (10.0, 120.0), (20.0, 10.0)]) == pytest.approx(1.5)
    assert rate([(0.0, 100.0)]) is None
