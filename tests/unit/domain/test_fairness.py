from dataclasses import replace

import pytest

from crispml_core import Fairness, Monitoring, Segment, Target
from crispml_core.domain.errors import InvalidInput


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ({"criteria": ("equal_oportunity",)}, "did you mean 'equal_opportunity'"),
        ({"criteria": ("mean_residual",)}, "there is no such criterion"),
        ({"favourable": None, "criteria": ("calibration",)}, "known are mean_residual"),
        ({"ratio": 1.0}, "fairness of segment sex: ratio must be between 0 and 1"),
        ({"ratio": 0.0}, "ratio must be between"),
        ({"difference": 0.0}, "difference must be above 0"),
        ({"calibration": float("nan")}, "calibration must be above 0"),
        ({"residual": -1.0}, "residual must be above 0"),
    ],
)
def test_a_declaration_that_makes_no_sense_says_why(declared, says):
    with pytest.raises(InvalidInput, match=says):
        Fairness(**{"segment": "sex", "favourable": "good"} | declared)


def test_the_usual_criteria_are_those_of_the_task():
    assert Fairness(segment="sex", favourable="good").criteria == (
        "disparate_impact",
        "equal_opportunity",
        "calibration",
    )
    assert Fairness(segment="sex").criteria == ("mean_residual",)


def test_the_same_attribute_and_class_are_declared_once():
    fair = Fairness(segment="sex", favourable="a")
    assert Monitoring(fairness=[fair, replace(fair, favourable="b")]).fairness[1].favourable == "b"
    with pytest.raises(InvalidInput, match="declared twice"):
        Monitoring(fairness=(fair, replace(fair, ratio=0.9)))


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ({"segment": "chanel"}, "the segment is not declared.*did you mean 'channel'"),
        ({"favourable": "maybe"}, "favourable must be one of the classes"),
        ({"favourable": None}, "favourable must be one of the classes"),
        ({"segment": "size", "reference": "huge"}, "which are < 5, >= 5"),
        ({"reference": "mail"}, "none of its groups, which are shop, web, phone"),
    ],
)
def test_a_use_case_knows_what_it_wants_to_be_fair_to(toy, declared, says):
    fair = Fairness(**{"segment": "channel", "favourable": "no"} | declared)
    segments = (Segment("channel"), Segment("size", field="items", bins=(5,)))
    with pytest.raises(InvalidInput, match=says):
        replace(toy, segments=segments, monitoring=Monitoring(fairness=(fair,)))


def test_a_regression_has_no_favourable_class(toy):
    fair = Fairness(segment="channel", favourable="no")
    with pytest.raises(InvalidInput, match="favourable belongs to a classification"):
        replace(
            toy,
            target=Target("days", "regression"),
            cost_matrix=None,
            monitoring=Monitoring(fairness=(fair,)),
        )
