"""Metrics that are told of several values at once, or of totals, say what one by one would."""

import threading

from prometheus_client import CollectorRegistry, Counter, Histogram

from crispml_core.rest.counting import Totals, observe_many


def test_totals_begin_at_0_and_are_counted_once():
    registry = CollectorRegistry()
    totals = Totals(Counter("tries_total", "t", ("reason",), registry=registry))
    for told in ({"lock": 0, "deadlock": 2}, {"lock": 0, "deadlock": 2}, {"lock": 1}):
        totals.reach(told)
        value = registry.get_sample_value("tries_total", {"reason": "deadlock"})
        assert value == 2
    assert registry.get_sample_value("tries_total", {"reason": "lock"}) == 1


def test_who_read_earlier_and_tells_later_adds_nothing():
    registry = CollectorRegistry()
    totals = Totals(Counter("tries_total", "t", ("reason",), registry=registry))
    for told in (5, 3, 5, 6):
        totals.reach({"lock": told})
    assert registry.get_sample_value("tries_total", {"reason": "lock"}) == 6


def test_many_threads_tell_the_same_total_once():
    registry = CollectorRegistry()
    totals = Totals(Counter("tries_total", "t", ("reason",), registry=registry))
    begin = threading.Barrier(8)

    def tell():
        begin.wait()
        for told in range(1, 2001):
            totals.reach({"lock": told})

    threads = [threading.Thread(target=tell) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert registry.get_sample_value("tries_total", {"reason": "lock"}) == 2000


def test_many_values_at_once_are_what_one_by_one_would_be():
    values = [0.0, 0.1, 0.10001, 0.5, 7, 1000]
    registries = CollectorRegistry(), CollectorRegistry()
    one, many = (
        Histogram("h", "h", buckets=(0.1, 0.5, 1, 10), registry=each) for each in registries
    )
    for each in values:
        one.observe(each)
    observe_many(many, values)
    samples = [
        {
            (s.name, str(s.labels)): s.value
            for f in each.collect()
            for s in f.samples
            if s.name != "h_created"
        }
        for each in registries
    ]
    assert samples[0] == samples[1]
