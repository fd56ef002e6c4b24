"""What a use case can ask of its data sets, and what it cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crispml_core.domain.dataset_privacy import DataSetPrivacy
from crispml_core.domain.errors import InvalidInput


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"k": 0}, "k must be a whole number"),
        ({"k": True}, "k must be a whole number"),
        ({"l": 0.5}, "l must be a number"),
        ({"l": float("nan")}, "l must be a number"),
        ({"c": 0.0}, "c must be a number above 0"),
        ({"diversity": "other"}, "diversity must be one of distinct, entropy, recursive"),
        ({"k": 2}, "need quasi_identifiers"),
        ({"quasi_identifiers": ("a",), "l": 2.0}, "l needs a sensitive field"),
        ({"quasi_identifiers": ("a", "a")}, "name each field once"),
        ({"quasi_identifiers": ("a",), "sensitive": ("a",)}, "both sensitive"),
        ({"quasi_identifiers": ("a",), "sensitive": ("b",), "l": 2.5}, "whole number for distinct"),
    ],
)
def test_what_makes_no_sense_is_refused(asked, said):
    with pytest.raises(InvalidInput, match=said):
        DataSetPrivacy(**asked)


def test_a_use_case_asks_about_its_own_columns(toy):
    fine = DataSetPrivacy(quasi_identifiers=("channel",), sensitive=("returned",), k=5, l=2)
    assert replace(toy, privacy=fine).privacy.is_demanding
    assert not toy.privacy.is_demanding
    with pytest.raises(InvalidInput, match="there is no field price"):
        replace(toy, privacy=DataSetPrivacy(quasi_identifiers=("price",)))
