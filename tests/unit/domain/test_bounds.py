"""A range is checked and said the same everywhere."""

import math

import pytest

from crispml_core.domain.bounds import check_bounds, is_finite, is_within, say_bounds
from crispml_core.domain.errors import InvalidInput


@pytest.mark.parametrize(
    ("bounds", "inside", "outside"),
    [
        ((0, 9), (0, 4.5, 9), (-1, 9.1, math.nan, math.inf, 10**400)),
        ((0, None), (0, 1e300, 10**400), (-1, math.nan)),
        ((None, 9), (-1e300, 9), (10, math.nan)),
        ((None, None), (0, math.inf), (math.nan,)),
    ],
)
def test_ends_belong_to_the_range_and_nan_to_none(bounds, inside, outside):
    assert all(is_within(value, *bounds) for value in inside)
    assert not any(is_within(value, *bounds) for value in outside)


def test_an_empty_range_is_refused():
    check_bounds("x", 1, 1)
    with pytest.raises(InvalidInput, match="x: minimum is larger than maximum"):
        check_bounds("x", 2, 1)


@pytest.mark.parametrize(
    ("bounds", "said"),
    [((0, None), "at least 0"), ((None, 9), "at most 9"), ((0, 9.5), "between 0 and 9.5")],
)
def test_a_range_is_said_by_the_ends_it_has(bounds, said):
    assert say_bounds(*bounds) == said


def test_only_numbers_of_float64_are_finite():
    assert is_finite(10**300)
    assert not any(is_finite(value) for value in (10**400, math.inf, math.nan))
