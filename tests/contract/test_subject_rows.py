"""How every store finds scores by whose they are."""

from __future__ import annotations

import pytest

from crispml_core.domain.models import SHADOW

ANNA, BERT = "a" * 64, "b" * 64


@pytest.fixture
def rows(stores):
    return stores.subject_rows


def scored(stores, *subjects, **changes):
    """Commit one group with a score of each subject, or of nobody."""
    group = stores.group(*(f"r-{number}" for number in range(len(subjects))), **changes)
    group.scores.subject_key_ids = list(subjects)
    stores.ledger.append([group])
    return [group.score(row) for row in range(group.rows)]


def test_the_scores_of_a_subject_are_found_with_their_inputs(stores, rows):
    first = scored(stores, ANNA, BERT, None, ANNA)
    stores.clock.advance(1)
    second = scored(stores, BERT, ANNA)

    found = list(rows.scores(["credit"], ANNA))

    assert [held.score for held in found] == [first[0], first[3], second[1]]
    assert {held.subject_key_id for held in found} == {ANNA}
    group = stores.ledger.group(first[0].group_id)
    assert (found[0].inputs, found[0].encoding) == (group.inputs, group.encoding)
    assert list(rows.scores(["credit"], "c" * 64)) == []


def test_only_the_use_cases_that_were_asked_for_are_looked_at(stores, rows):
    scored(stores, ANNA, use_case="churn", model="churn")
    (mine,) = scored(stores, ANNA)

    assert [held.score for held in rows.scores(["credit"], ANNA)] == [mine]
    assert len(list(rows.scores(["credit", "churn"], ANNA))) == 2


def test_shadow_scores_are_found_too(stores, rows):
    scored(stores, ANNA)
    scored(stores, ANNA, alias=SHADOW, shadow_of=stores.group("x").group_id)

    assert [held.is_shadow for held in rows.scores(["credit"], ANNA)] == [False, True]


@pytest.mark.needs("speed")
def test_many_groups_are_walked_over(stores, rows):
    for number in range(30):
        scored(stores, *([BERT] * 40), ANNA if number % 10 == 0 else BERT)

    assert len(list(rows.scores(["credit"], ANNA))) == 3
    assert len(list(rows.scores(["credit"], BERT))) == 30 * 41 - 3


def test_the_scores_of_a_record_are_found_without_keys(stores, rows):
    (a, _) = stores.score("a", "b")
    stores.score("a", use_case="churn", model="churn")
    stores.clock.advance(1)
    (again,) = stores.score("a")

    assert [held.score for held in rows.scores_of_record("credit", "a")] == [a, again]
    assert [held.subject_key_id for held in rows.scores_of_record("credit", "a")] == [None, None]
    assert list(rows.scores_of_record("credit", "z")) == []
