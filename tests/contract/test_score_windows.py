"""What every score ledger knows about windows of groups and about shadows."""

from __future__ import annotations

import pytest

from crispml_core.domain.models import SHADOW
from crispml_core.domain.scores import score_id


@pytest.fixture
def ledger(stores):
    return stores.ledger


@pytest.fixture
def pair(stores, ledger):
    """A group of two scores, and the challenger's of the same records."""
    answered = stores.group("a", "b")
    ledger.append([answered])
    shadow = stores.group(
        "a", "b", writer_id="writer-s", version="v2", alias=SHADOW, shadow_of=answered.group_id
    )
    ledger.append([shadow])
    return answered, shadow


def test_a_shadow_comes_back_with_the_group_it_is_the_shadow_of(ledger, pair):
    answered, shadow = pair

    assert ledger.group(shadow.group_id) == shadow
    assert ledger.group(answered.group_id).shadow_of is None
    assert ledger.get(score_id(shadow.group_id, 1)).version == "v2"


def test_who_looks_for_scores_finds_no_shadow(ledger, pair):
    answered, _ = pair
    ids = {score_id(answered.group_id, row) for row in (0, 1)}

    assert {score.score_id for score in ledger.find(use_case="credit")} == ids
    assert {score.score_id for score in ledger.find()} == ids
    assert ledger.find(use_case="credit", version="v2") == []
    (found,) = ledger.find(use_case="credit", record_key="a")
    assert found.score_id == score_id(answered.group_id, 0)


def test_no_record_key_of_a_shadow_waits_for_the_index(ledger, pair):
    assert ledger.index_keys(100).rows == 2
    assert ledger.index_keys(100).rows == 0


def test_the_pairs_of_a_version_are_known(ledger, pair):
    answered, shadow = pair

    assert ledger.shadow_pairs("credit", "v2").to_pylist() == [
        {"group_id": shadow.group_id, "shadow_of": answered.group_id}
    ]
    assert ledger.shadow_pairs("credit", "v1").to_pylist() == []
    assert ledger.shadow_pairs("churn", "v2").to_pylist() == []


def test_the_groups_of_a_window_come_whole_and_oldest_first(stores, ledger, pair):
    answered, _ = pair
    stores.clock.advance(10)
    start = stores.clock()
    groups = []
    for number in range(30):
        group = stores.group(*(f"k{number}-{row}" for row in range(number % 4)), version="v3")
        ledger.append([group])
        groups.append(group)
        stores.clock.advance(number % 2)
    end = stores.clock()
    ledger.append([stores.group("late")])
    other = stores.group("other", use_case="churn", writer_id="writer-o")
    ledger.append([other])

    def found(**which):
        window = {"start": None, "end": None} | which
        return list(ledger.groups_between("credit", **window))

    assert found(start=start, end=end) == groups
    assert found(end=start) == [answered]
    assert found(version="v3") == groups
    assert found(version="v2") == []
    assert len(found()) == 32
