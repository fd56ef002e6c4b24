"""Manifests say which columns differ and how distributions moved."""

from __future__ import annotations

import pytest

from crispml_core.domain.dataset_diff import TypeChange, diff_columns, moved_profile
from crispml_core.domain.datasets import Column


def test_columns_are_compared_by_name_type_and_digest():
    before = [Column("a", "int64", "1"), Column("b", "string", "2"), Column("c", "double", "3")]
    after = [
        Column("c", "int64", "9"),
        Column("a", "int64", "1"),
        Column("d", "bool", "4"),
        Column("b", "string", "8"),
    ]
    found = diff_columns(before, after)
    assert [column.name for column in found.added] == ["d"]
    assert found.removed == ()
    assert found.retyped == (TypeChange("c", "double", "int64"),)
    assert (found.changed, found.same, found.reordered) == (("b",), 1, True)
    assert not diff_columns(before, before).reordered


def test_a_profile_that_did_not_move_says_nothing():
    profile = {"missing": 1, "distinct": 2, "mean": 3.0, "top": [{"value": "x", "count": 4}]}
    assert moved_profile(profile, profile, (10, 10)) == {}


def test_shares_of_categories_are_compared_by_total_variation():
    before = {"missing": 0, "distinct": 2, "top": _top(web=60, shop=40)}
    after = {"missing": 20, "distinct": 2, "top": _top(web=20, shop=60)}
    moved = moved_profile(before, after, (100, 100))
    assert moved["missing_share"] == [0.0, 0.2]
    assert moved["distance"] == pytest.approx(0.35)
    shop, web = sorted(moved["shares"], key=lambda part: part["value"])
    assert (web["before"], web["after"]) == (0.6, 0.25)
    assert (shop["before"], shop["after"]) == (0.4, 0.75)
    assert "distinct" not in moved


def test_values_beyond_the_most_frequent_are_one():
    before = {"missing": 0, "distinct": 2, "top": _top(web=100)}
    after = {"missing": 0, "distinct": 20, "top": _top(web=70)}
    moved = moved_profile(before, after, (100, 100))
    assert moved["distance"] == pytest.approx(0.3)
    assert [part["value"] for part in moved["shares"]] == [None, "web"]


def _top(**counts):
    return [{"value": value, "count": count} for value, count in counts.items()]
