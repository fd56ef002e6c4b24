"""Targets, costs, segments and gates refuse what could never work."""

import math

import pytest

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.targets import CostMatrix, Gate, Segment, Target

BINARY = {"name": "y", "task": "binary", "values": ("no", "yes"), "positive": "yes"}
MULTI = {"name": "y", "task": "multiclass", "values": ("a", "b", "c")}
NUMBER = {"name": "y", "task": "regression"}


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (BINARY | {"task": "binray"}, "task must be one of"),
        (BINARY | {"name": "my target"}, "target name"),
        (BINARY | {"name": "crispml_y"}, "not start with crispml_"),
        (BINARY | {"values": ("yes",)}, "two values"),
        (BINARY | {"values": ("yes", "yes")}, "listed twice"),
        (BINARY | {"values": (0, 1), "positive": 1}, "values are texts"),
        (BINARY | {"positive": "maybe"}, "positive is one of them"),
        (BINARY | {"positive": None}, "positive is one of them"),
        (BINARY | {"minimum": 0}, "belong to regression"),
        (MULTI | {"values": ("a", "b")}, "at least three"),
        (MULTI | {"values": ("a", "b", "c", "a")}, "listed twice"),
        (MULTI | {"positive": "a"}, "positive belongs to a binary target"),
        (NUMBER | {"values": ("a",)}, "has no values"),
        (NUMBER | {"minimum": 2, "maximum": 1}, "minimum is larger"),
    ],
)
def test_a_wrong_target_says_what_to_fix(facts, says):
    with pytest.raises(InvalidInput, match=says):
        Target(**facts)


def test_the_positive_class_has_code_one_wherever_it_is_declared():
    assert Target(**BINARY).classes == ("no", "yes")
    assert Target(**BINARY | {"positive": "no"}).classes == ("yes", "no")
    assert Target(**MULTI).classes == ("a", "b", "c")
    assert Target(**NUMBER).classes == ()


def test_the_field_of_a_target_checks_its_truth():
    assert Target(**BINARY).field.values == ("no", "yes")
    field = Target(**NUMBER | {"minimum": 1, "maximum": 2}).field
    assert (field.type, field.minimum, field.maximum, field.nullable) == ("number", 1, 2, False)


@pytest.mark.parametrize(("wrong_positive", "wrong_negative"), [(0, 1), (1, 0), (-1, 1)])
def test_a_mistake_must_cost_more_than_the_right_decision(wrong_positive, wrong_negative):
    with pytest.raises(InvalidInput, match="must cost more"):
        CostMatrix(wrong_positive, wrong_negative)


def test_bins_name_groups_that_hold_their_lower_edge():
    segment = Segment("age_group", field="age", bins=(25, 60))
    assert segment.groups == ("< 25", "25 - 60", ">= 60")
    ages = (24.9, 25, 59, 60, None, math.nan)
    assert [segment.group_of(age) for age in ages] == [
        "< 25",
        "25 - 60",
        "25 - 60",
        ">= 60",
        "missing",
        "missing",
    ]


def test_without_bins_each_value_is_a_group():
    assert Segment("sex").field == "sex"
    assert Segment("sex").groups == ()
    assert Segment("sex").group_of("female") == "female"
    assert [Segment("owner").group_of(value) for value in (True, False)] == ["true", "false"]


@pytest.mark.parametrize("bins", [(2, 1), (1, 1)])
def test_bins_must_rise(bins):
    with pytest.raises(InvalidInput, match="bins must rise"):
        Segment("age", bins=bins)


@pytest.mark.parametrize(
    ("bounds", "says"),
    [({}, "needs a minimum or a maximum"), ({"minimum": 2, "maximum": 1}, "minimum is larger")],
)
def test_a_gate_needs_a_bound_that_can_be_kept(bounds, says):
    with pytest.raises(InvalidInput, match=says):
        Gate("auc", **bounds)
