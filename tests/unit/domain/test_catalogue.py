"""What is said about a data set is folded out of its manifest, its notes and its parents."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.catalogue import (
    CatalogueSearch,
    DataSetNote,
    Sensitivity,
    check_changes,
    check_fall,
    entry_of,
    rank,
)
from crispml_core.domain.datasets import Column, DataSet, Stage
from crispml_core.domain.errors import InvalidInput

NOW = datetime(2026, 3, 1, tzinfo=UTC)
RAW = DataSet(
    id="raw",
    use_case="credit",
    stage=Stage.RAW,
    rows=3,
    columns=(Column("age", "int64", "d"),),
    content_digest="c",
    created_at=NOW,
    owner="risk",
    tags=("q1", "loans"),
    sensitivity="confidential",
)
DERIVED = replace(
    RAW, id="p", parents=("raw",), owner="", tags=(), sensitivity="internal", stage=Stage.PREPARED
)
LEVELS = st.sampled_from([level.value for level in Sensitivity])


def notes(*changes, reason="", floor=None):
    return [
        DataSetNote(
            dataset_id="d",
            sequence=number,
            noted_at=NOW,
            changes=change,
            reason=reason,
            floor=floor,
        )
        for number, change in enumerate(changes, 1)
    ]


def test_a_note_changes_what_it_names_and_null_takes_back():
    said = notes({"owner": "ops", "description": "Loans"}, {"owner": None, "tags": ["x"]})
    entry = entry_of(RAW, said, [])
    assert (entry.owner, entry.description, entry.tags) == ("", "Loans", ("x",))
    assert (entry.sequence, entry.changed_at, entry.inherited) == (2, NOW, ())
    assert entry.columns == RAW.columns


def test_a_derived_data_set_has_what_its_parents_have_until_somebody_says_more():
    parent = entry_of(RAW, [], [])
    entry = entry_of(DERIVED, [], [parent])
    assert (entry.owner, entry.tags, entry.sensitivity) == ("risk", RAW.tags, "confidential")
    assert entry.inherited == ("owner", "tags", "sensitivity")
    assert entry.description == ""
    own = entry_of(DERIVED, notes({"owner": "lab"}), [parent])
    assert (own.owner, own.inherited) == ("lab", ("tags", "sensitivity"))


@given(own=LEVELS, parents=st.lists(LEVELS, min_size=1, max_size=3))
def test_a_derived_data_set_is_never_less_confidential_than_its_parents(own, parents):
    entries = [entry_of(replace(RAW, sensitivity=level), [], []) for level in parents]
    entry = entry_of(DERIVED, notes({"sensitivity": own}), entries)
    assert rank(entry.sensitivity) >= max(rank(level) for level in parents)
    assert rank(entry.sensitivity) >= rank(own)


@given(own=LEVELS, parent=LEVELS, later=LEVELS)
def test_a_reason_holds_against_the_parents_that_it_knew(own, parent, later):
    said = notes({"sensitivity": own}, reason="aggregated", floor=parent)
    entry = entry_of(DERIVED, said, [entry_of(replace(RAW, sensitivity=later), [], [])])
    if rank(later) <= max(rank(own), rank(parent)):
        assert entry.sensitivity == own
    else:
        assert entry.sensitivity == later


def test_a_word_of_an_earlier_release_counts_as_the_most_confidential():
    parent = entry_of(replace(RAW, sensitivity="top secret"), [], [])
    assert entry_of(DERIVED, notes({"sensitivity": "restricted"}), [parent]).sensitivity == (
        "top secret"
    )


def test_the_sensitivity_falls_with_a_reason_only():
    check_fall("internal", "restricted", "")
    check_fall("restricted", "public", "published by the board")
    with pytest.raises(InvalidInput, match="reason"):
        check_fall("restricted", "public", "  ")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "at least one"),
        ({"secret_name": 1}, "nothing else"),
        ({"owner": 3}, "owner"),
        ({"description": "x" * 1001}, "1000 characters"),
        ({"tags": "q1"}, "list of texts"),
        ({"tags": [""]}, "1 to 63"),
        ({"tags": ["t"] * 101}, "at most 100"),
        ({"sensitivity": "high"}, "public, internal, confidential, restricted"),
    ],
)
def test_what_cannot_be_said_is_refused_without_repeating_it(changes, said):
    with pytest.raises(InvalidInput, match=said) as caught:
        check_changes(changes)
    assert "secret_name" not in caught.value.message
    assert "high" not in caught.value.message


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ({}, True),
        ({"words": "LOANS age"}, True),
        ({"words": "risk nobody"}, False),
        ({"tag": "q1", "owner": "risk", "sensitivity": "confidential"}, True),
        ({"tag": "q"}, False),
        ({"owner": "ris"}, False),
        ({"sensitivity": "public"}, False),
    ],
)
def test_every_condition_of_a_search_must_hold(what, found):
    assert CatalogueSearch(**what).finds(entry_of(RAW, [], [])) is found
