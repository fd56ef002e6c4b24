"""The share of a challenger is sticky, and a challenge that makes no sense is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.challenge import Challenge, check_alias, place_in_split
from crispml_core.domain.errors import InvalidInput


@given(st.text(max_size=300), st.sampled_from(["credit", "churn"]))
def test_a_record_falls_at_one_place_for_ever(key, model):
    place = place_in_split(model, key)

    assert 0.0 <= place < 1.0
    assert place_in_split(model, key) == place


@given(st.text(max_size=50), st.floats(0, 0.99), st.floats(0, 0.99))
def test_raising_the_share_keeps_those_that_are_in_it(key, one, other):
    place = place_in_split("credit", key)

    assert not place < min(one, other) or place < max(one, other)


def test_the_places_are_spread_evenly_and_differently_for_each_model():
    keys = [f"C{number}" for number in range(20_000)]
    places = {model: [place_in_split(model, key) for key in keys] for model in ("a", "b")}

    for share in (0.01, 0.1, 0.5):
        inside = {
            model: {k for k, p in enumerate(found) if p < share} for model, found in places.items()
        }
        for found in inside.values():
            assert len(found) / len(keys) == pytest.approx(share, abs=0.015)
        both = len(inside["a"] & inside["b"]) / len(keys)
        assert both == pytest.approx(share**2, abs=0.015)


@pytest.mark.parametrize(
    "wrong",
    [
        {"metric": "auc"},
        {"alpha": 0.0},
        {"alpha": 0.5},
        {"beta": float("nan")},
        {"min_effect": 0.0},
        {"min_effect": float("inf")},
        {"largest_loss": -1.0},
        {"metric": "squared_error"},
        {"min_labels": 0},
        {"min_labels": 200, "max_labels": 100},
        {"max_age_days": 0.0},
        {"design": "both"},
    ],
)
def test_a_challenge_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(InvalidInput, match=r"challenge: "):
        Challenge(**wrong)


@pytest.mark.parametrize(
    ("alias", "traffic"),
    [
        ("shadow", 0.0),
        ("challenger", 1.0),
        ("challenger", -0.1),
        ("challenger", float("nan")),
        ("champion", 0.1),
    ],
)
def test_an_alias_that_makes_no_sense_is_refused(alias, traffic):
    with pytest.raises(InvalidInput):
        check_alias(alias, traffic)


@pytest.mark.parametrize(("alias", "traffic"), [("champion", 0.0), ("challenger", 0.999)])
def test_other_aliases_are_fine(alias, traffic):
    check_alias(alias, traffic)
