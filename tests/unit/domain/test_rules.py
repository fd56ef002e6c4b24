import pytest

from crispml_core import Condition, Monitoring, Retraining, Rule
from crispml_core.domain.errors import InvalidInput


@pytest.mark.parametrize(
    ("bound", "bad", "good"),
    [
        ({"below": 0.7}, 0.69, 0.7),
        ({"above": 0.7}, 0.71, 0.7),
        ({"at_least": 0.7}, 0.7, 0.69),
    ],
)
def test_a_bound_says_from_where_on_a_fact_is_bad(bound, bad, good):
    condition = Condition("coverage", **bound)
    assert condition.is_bad(bad, bad)
    assert not condition.is_bad(good, good)


@pytest.mark.parametrize(
    "wrong",
    [
        {"fact": "kpi"},
        {"fact": "coverage"},
        {"fact": "coverage", "below": 0.5, "above": 0.1},
        {"fact": "coverage", "below": float("nan")},
        {"fact": "gates", "below": 0.5},
        {"fact": "age_days", "name": "auc", "above": 1},
        {"fact": "age_days", "above": 1, "confident": True},
        {"fact": "kpi", "name": "auc", "group": "web"},
    ],
)
def test_a_condition_that_says_too_little_or_too_much_is_refused(wrong):
    with pytest.raises(InvalidInput, match="condition"):
        Condition(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "No Name"},
        {"when": ()},
        {"window_days": 0},
        {"window_days": float("nan")},
        {"consecutive": 0},
    ],
)
def test_a_rule_that_cannot_work_is_refused(wrong):
    with pytest.raises(InvalidInput, match="rule"):
        Rule(**{"name": "old", "when": Condition("age_days", above=1)} | wrong)


@pytest.mark.parametrize(
    "wrong", [{"cooldown_days": -1}, {"budget": -1}, {"budget_days": 0}, {"budget_days": 1e9}]
)
def test_a_policy_that_cannot_work_is_refused(wrong):
    with pytest.raises(InvalidInput, match="retraining"):
        Retraining(**wrong)


def test_a_single_condition_is_a_tuple_of_one():
    condition = Condition("age_days", above=1)
    assert Rule("old", condition) == Rule("old", (condition,))
    assert Monitoring(rules=[Rule("old", condition)]).rules == (Rule("old", condition),)
