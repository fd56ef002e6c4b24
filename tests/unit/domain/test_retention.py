"""A pruning tells what it deleted, and cannot be changed unseen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crispml_core.domain import identifiers
from crispml_core.domain.identifiers import least_id, new_id_text, utc_now
from crispml_core.domain.retention import Pruning, Retained, RetentionRule, key_digest

NOW = datetime(2026, 5, 1, tzinfo=UTC)
RULE = RetentionRule(table=Retained.LABELS, days=30, use_case="credit")


def a_pruning(*keys):
    return Pruning.of(RULE, keys, cutoff=RULE.cutoff(NOW), at=NOW)


def test_it_has_a_digest_for_each_row_and_no_key():
    pruning = a_pruning("b", "a")

    assert pruning.rows == 2
    assert set(pruning.digests()) == {key_digest("a"), key_digest("b")}
    assert pruning.cutoff == NOW - timedelta(days=30)


@pytest.mark.parametrize(
    "change",
    [
        {"table": Retained.REPORTS},
        {"use_case": None},
        {"days": 31},
        {"cutoff": NOW},
        {"pruned_at": NOW + timedelta(seconds=1)},
        {"key_digests": key_digest("a")},
        {"pruning_id": "x"},
    ],
)
def test_its_digest_covers_all_that_it_says(change):
    pruning = a_pruning("a", "b")

    assert replace(pruning).digest == pruning.digest
    assert replace(pruning, **change).digest != pruning.digest


def test_ids_of_before_a_moment_are_smaller_than_its_least_and_others_not(monkeypatch):
    # Ids only grow within a process, and another test may have made some of later days.
    monkeypatch.setattr(identifiers, "_last_milliseconds", 0)
    before = utc_now() - timedelta(milliseconds=2)
    made = new_id_text()
    after = utc_now() + timedelta(milliseconds=50)

    assert least_id(before) < made < least_id(after)
