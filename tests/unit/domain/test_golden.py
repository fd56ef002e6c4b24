"""A version reproduces itself, or one sentence says where it does not."""

import math

import pytest

from crispml_core.domain.golden import TOLERANCE, GoldenRecords, deviation


def golden(decisions=("a", "b"), probabilities=((0.9, 0.1), (0.2, 0.8))):
    return GoldenRecords(records=({}, {}), decisions=decisions, probabilities=probabilities)


def numbers(*decisions):
    return golden(decisions, None)


def test_the_same_answers_reproduce():
    assert deviation(golden(), golden()) is None
    assert deviation(numbers(1.0, 1e9), numbers(1.0 + TOLERANCE / 2, 1e9 + 0.5)) is None


def test_a_runtime_of_float32_may_differ_by_more():
    other = golden(probabilities=((0.9, 0.1), (0.2, 0.8 + 1e-7)))
    assert deviation(golden(), other, tolerance=1e-6) is None
    assert "record 1" in deviation(golden(), other)


@pytest.mark.parametrize(
    ("expected", "found", "says"),
    [
        (golden(), golden(decisions=("a", "a")), "record 1: the decided class differs"),
        (golden(), golden(decisions=("a",)), "the number of answers differs"),
        (golden(), golden(probabilities=((0.9, 0.1), (0.2, 0.8 + 1e-6))), "record 1: a probab"),
        (golden(), golden(probabilities=((0.9, 0.1), (0.2, math.nan))), "record 1: a probability"),
        (golden(), golden(probabilities=((math.nan, 0.1), (0.2, 0.8))), "record 0: a probability"),
        (golden(), golden(probabilities=((0.9,), (0.2,))), "the number of probabilities differs"),
        (golden(), golden(probabilities=((0.9, 0.1),)), "the number of probabilities differs"),
        (golden(), golden(probabilities=None), "one has probabilities and the other has not"),
        (numbers(1.0, 2.0), numbers(1.0, 2.1), "record 1: the number differs by 0.1"),
        (numbers(1.0, 2.0), numbers(1.0, math.nan), "record 1: the number differs"),
        (numbers(1.0, 2.0), numbers(1.0, "2.0"), "record 1: the decided class differs"),
    ],
)
def test_a_deviation_is_named_by_its_record(expected, found, says):
    assert says in deviation(expected, found)
