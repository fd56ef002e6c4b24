"""Values become coarser, keep their type, and a way that does not fit is refused."""

import math
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.fields import Field
from crispml_core.domain.generalisation import Generalise

ABC = ("a", "b", "c")


def private(kind, way, **rules):
    return Field("x", kind, privacy="generalise", generalise=Generalise(**way), **rules)


@pytest.mark.parametrize(
    ("kind", "way", "rules", "value", "becomes"),
    [
        ("integer", {"width": 10}, {}, 47, 40),
        ("integer", {"width": 10}, {}, -1, -10),
        ("integer", {"width": 10}, {"minimum": 18}, 19, 18),
        ("integer", {"width": 10}, {}, -(2**63), -(2**63)),
        ("integer", {"edges": (0, 18, 65)}, {}, 17, 0),
        ("integer", {"edges": (0, 18, 65)}, {}, 18, 18),
        ("integer", {"edges": (0, 18, 65)}, {}, 99, 65),
        ("integer", {"edges": (0, 18, 65)}, {}, -5, 0),
        ("number", {"width": 0.5}, {}, 1.74, 1.5),
        ("number", {"width": 0.5}, {"minimum": 0.2}, 0.3, 0.2),
        ("number", {"width": 1e-300}, {}, 1e300, 1e300),
        ("number", {"edges": (0.5, 2.5)}, {}, 2.4, 0.5),
        ("string", {"prefix": 2}, {}, "80331", "80"),
        ("string", {"prefix": 2}, {}, "8", "8"),
        ("category", {"groups": {"a": "b"}}, {"values": ABC}, "a", "b"),
        ("category", {"groups": {"a": "b"}}, {"values": ABC}, "c", "c"),
        ("category", {"groups": {"a": "b"}, "other": "b"}, {"values": ABC}, "c", "b"),
        ("date", {"to": "month"}, {}, date(1984, 2, 29), date(1984, 2, 1)),
        ("date", {"to": "year"}, {}, date(1984, 2, 29), date(1984, 1, 1)),
        (
            "datetime",
            {"to": "day"},
            {},
            datetime(1984, 2, 29, 7, 8, 9, 10, UTC),
            datetime(1984, 2, 29, tzinfo=UTC),
        ),
        (
            "datetime",
            {"to": "year"},
            {},
            datetime(1984, 2, 29, 7, 8, 9, 10, UTC),
            datetime(1984, 1, 1, tzinfo=UTC),
        ),
    ],
)
def test_a_value_becomes_coarser(kind, way, rules, value, becomes):
    field = private(kind, way, **rules)
    found = field.generalise.rule(kind, field.minimum)(value)
    assert found == becomes
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "way", "rules", "says"),
    [
        ("boolean", {"width": 1}, {}, "boolean cannot be generalised"),
        ("string", {"width": 1}, {}, "generalise needs prefix, and nothing else"),
        ("number", {}, {}, "generalise needs width or edges"),
        ("number", {"width": 1, "edges": (1, 2)}, {}, "and nothing else"),
        ("number", {"width": 0}, {}, "the width must be above 0"),
        ("number", {"edges": (2, 1)}, {}, "edges must rise"),
        ("number", {"edges": (1, 2)}, {"maximum": 1}, "between minimum and maximum"),
        ("integer", {"width": 0.5}, {}, "whole numbers"),
        ("string", {"prefix": 0}, {}, "at least one character"),
        ("date", {"to": "day"}, {}, "to must be month or year"),
        ("datetime", {"to": "century"}, {}, "to must be day, month or year"),
        ("category", {"groups": {"a": "z"}}, {"values": ABC}, "these are none: z"),
        ("category", {"other": "z"}, {"values": ABC}, "these are none: z"),
    ],
)
def test_a_way_that_does_not_fit_is_refused(kind, way, rules, says):
    with pytest.raises(InvalidInput, match=says):
        private(kind, way, **rules)


@pytest.mark.parametrize(
    "facts", [{"privacy": "generalise"}, {"privacy": "keep", "generalise": Generalise(width=1)}]
)
def test_the_policy_and_its_parameters_belong_together(facts):
    with pytest.raises(InvalidInput, match="belong together"):
        Field("x", "number", **facts)


finite = st.floats(allow_nan=False, allow_infinity=False)
widths = st.floats(min_value=1e-300, max_value=1e300)


@given(value=finite, width=widths, minimum=st.none() | finite)
def test_what_is_coarse_is_a_finite_number_not_above_and_keeps_the_minimum(value, width, minimum):
    if minimum is not None:
        value = max(value, minimum)
    rule = Generalise(width=width).rule("number", minimum)
    coarse = rule(value)
    assert minimum is None or coarse >= minimum
    assert math.isfinite(coarse)
    is_tiny = value / width == 0.0
    assert coarse <= value or is_tiny or coarse == minimum or math.isclose(coarse, value)


WIDTHS = st.sampled_from([0.1, 0.3, 1 / 3, 7.0, 1e-5, 1e22]) | widths


@given(value=finite, width=WIDTHS, minimum=st.none() | finite, times=st.integers(-9999, 9999))
def test_a_number_that_is_coarse_already_stays_as_it_is(value, width, minimum, times):
    """Data that were made coarse when they were read are made coarse again before a model."""
    rule = Generalise(width=width).rule("number", minimum)
    for number in (value, times * width):
        if abs(number) < float("inf"):
            assert rule(rule(number)) == rule(number)


def test_what_values_become_stays_itself():
    groups = Generalise(groups={"a": "b"}, other="c").rule("category")
    assert [groups(value) for value in "abcd"] == ["b", "b", "c", "c"]
    for facts in ({"groups": {"a": "b", "b": "c"}}, {"groups": {"a": "b"}, "other": "a"}):
        with pytest.raises(InvalidInput, match="must stay itself"):
            private("category", facts, values=("a", "b", "c", "d"))


def test_a_moment_is_made_coarse_in_utc_wherever_it_was_told():
    rule = Generalise(to="day").rule("datetime")
    told = datetime(2024, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    assert rule(told) == datetime(2024, 2, 29, tzinfo=UTC)


@given(value=st.integers(-(2**63), 2**63 - 1), width=st.integers(1, 2**40))
def test_whole_numbers_stay_whole_numbers_of_64_bits(value, width):
    rule = Generalise(width=width).rule("integer")
    coarse = rule(value)
    assert -(2**63) <= coarse <= value
    assert coarse > value - width
    assert rule(coarse) == coarse
