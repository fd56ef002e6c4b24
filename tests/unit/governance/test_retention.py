"""What is set about retention becomes rules, and nothing is deleted that no rule names."""

import pytest

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.retention import Retained, RetentionRule
from crispml_core.governance.retention import DAYS_OF, retention_rules


def test_what_is_kept_for_good_has_no_rule():
    assert retention_rules(dict.fromkeys(DAYS_OF, 0), {}) == ()


def test_labels_go_before_their_imports_and_before_the_scores_they_are_about():
    rules = retention_rules(dict.fromkeys(DAYS_OF, 7), {})

    assert [rule.table for rule in rules][:3] == [
        Retained.LABELS,
        Retained.LABEL_IMPORTS,
        Retained.SCORES,
    ]
    assert {rule.table for rule in rules} == set(Retained)


def test_a_use_case_has_days_of_its_own_in_place_of_those_of_all():
    rules = retention_rules({"scores": 30}, {"credit": {"scores": 90}, "churn": {"labels": 5}})

    assert [rule for rule in rules if rule.table is Retained.SCORES] == [
        RetentionRule(table=Retained.SCORES, days=90, use_case="credit"),
        RetentionRule(table=Retained.SCORES, days=30, but=("credit",)),
    ]
    assert [rule.use_case for rule in rules if rule.table is Retained.LABELS] == ["churn"]


def test_a_use_case_can_keep_what_goes_elsewhere():
    rules = retention_rules({"scores": 30}, {"credit": {"scores": 0}})

    assert rules == (RetentionRule(table=Retained.SCORES, days=30, but=("credit",)),)


@pytest.mark.parametrize("kinds", [{"score": 3}, {"audit_entries": 3}])
def test_rows_that_have_no_rule_are_named_in_no_setting(kinds):
    with pytest.raises(InvalidInput, match="known: labels, scores"):
        retention_rules({}, {"credit": kinds})


def test_days_are_not_negative():
    with pytest.raises(InvalidInput, match="labels must have 0 days or more"):
        retention_rules({}, {"credit": {"labels": -1}})
