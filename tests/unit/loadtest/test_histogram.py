"""Percentiles are near the true ones, and add up across processes."""

from __future__ import annotations

import math

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from loadtest.histogram import Histogram

TIMES = st.lists(st.floats(0.002, 100_000), min_size=1, max_size=200)


def histogram(times):
    made = Histogram()
    for time in times:
        made.add(time)
    return made


@given(TIMES, st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_a_percentile_is_within_a_hundredth_of_the_true_one(times, share):
    true = sorted(times)[math.ceil(share * len(times)) - 1]
    assert abs(histogram(times).percentile(share) - true) <= 0.01 * true


@given(TIMES, TIMES)
def test_two_histograms_are_one_that_counted_both(left, right):
    merged = histogram(left)
    merged.merge(histogram(right))
    both = histogram(left + right)
    assert (merged.counts, merged.total, merged.max_ms) == (both.counts, both.total, both.max_ms)


def test_it_arrives_as_it_was_sent():
    sent = histogram([0.5, 1.0, 250.0])
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(sent), type=Histogram) == sent
    assert msgspec.json.decode(msgspec.json.encode(sent), type=Histogram) == sent


def test_without_times_there_is_no_percentile():
    assert Histogram().percentile(0.5) is None
