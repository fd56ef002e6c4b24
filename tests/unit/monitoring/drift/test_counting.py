"""Counts can be added in any order, and say the same as counting at once."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.domain.drift import DriftCounts
from crispml_core.domain.errors import RegistryDamaged
from crispml_core.monitoring.drift.bins import cell_codes, fit_categories, fit_numbers
from crispml_core.monitoring.drift.reference import (
    Reference,
    count_columns,
    count_field,
    fit_reference,
    segment_rows,
)

RECORDS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.floats(-1e9, 1e9)),
        st.one_of(st.none(), st.sampled_from(["a", "b", "c", "new"])),
    ),
    max_size=40,
)
REFERENCE = fit_reference(
    {"amount": np.linspace(-10, 10, 200), "kind": ["a", "b", "b", "c"] * 50},
    kinds={"amount": "number"},
)


def counted(records):
    amount, kind = zip(*records, strict=True) if records else ((), ())
    columns = {"amount": list(amount), "kind": list(kind)}
    return count_columns(REFERENCE.fields, columns, {"": None})[""]


@given(RECORDS, RECORDS, RECORDS)
def test_counts_of_parts_are_the_counts_of_the_whole(first, second, third):
    one, two, three = counted(first), counted(second), counted(third)
    assert (one + two) + three == one + (two + three) == (three + one) + two
    assert one + two + three == counted(first + second + third)


def test_bins_of_a_reference_have_about_one_mass():
    bins = fit_numbers(np.random.default_rng(0).lognormal(size=1000))
    counts = count_field(bins, np.random.default_rng(0).lognormal(size=1000))
    assert counts[1 : bins.cells - 2].tolist() == [50] * 20
    assert counts[[0, bins.cells - 2, bins.cells - 1]].tolist() == [0, 0, 0]


def test_every_value_has_its_cell():
    bins = fit_numbers([0.0] * 10 + [1.0] * 10 + [5.0] * 10)
    found = [bins.names[code] for code in cell_codes(bins, [-1.0, 0.0, 0.5, 1.0, 5.0, 6.0, None])]
    assert found == ["< 0", "[0, 0]", "(0, 1]", "(0, 1]", "(1, 5]", "> 5", "missing"]


def test_categories_and_truth_values_have_a_cell_each():
    bins = fit_categories([True, False, True, None] * 5)
    assert bins.values == ("true", "false")
    found = [bins.names[code] for code in cell_codes(bins, pa.array([True, False, None]))]
    assert found == ["true", "false", "missing"]
    texts = fit_categories(["a", "b"] * 5)
    assert [texts.names[code] for code in cell_codes(texts, ["b", "z"])] == ["b", "(unknown)"]


def test_free_text_and_nothing_are_only_there_or_missing():
    text = fit_categories([f"text {number}" for number in range(500)])
    assert text.kind == fit_numbers([None, None]).kind == "presence"
    assert fit_categories(["Ann", "Bo", "Cy"] * 4).kind == "presence", "it names single records"
    assert count_field(text, ["x", None, "y"]).tolist() == [2, 1]


def test_groups_are_counted_beside_all():
    columns = {"amount": [1.0, 2.0, 3.0], "kind": ["a", "b", "a"]}
    keys = segment_rows({"sex": np.array(["f", "m", "f"], dtype=object)})
    found = count_columns(REFERENCE.fields, columns, keys)
    assert {key: counts.rows for key, counts in found.items()} == {"": 3, "sex=f": 2, "sex=m": 1}
    assert found["sex=f"] + found["sex=m"] == found[""]


def test_a_field_that_is_gone_is_missing():
    found = count_columns(REFERENCE.fields, {"kind": ["a", "b"]}, {"": None})[""]
    assert REFERENCE.part(found, 0)[REFERENCE.fields[0].bins.cells - 1] == 2


def test_a_reference_comes_back_from_its_file():
    assert Reference.from_bytes(REFERENCE.to_bytes()) == REFERENCE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"fields":[],"counts":{}}',
        REFERENCE.to_bytes().replace(b'"format":1', b'"format":2'),
        REFERENCE.to_bytes().replace(b'"values":[0,', b'"values":[0,0,', 1),
    ],
)
def test_a_damaged_file_is_refused(content):
    with pytest.raises(RegistryDamaged):
        Reference.from_bytes(content)


def test_counts_of_different_references_are_not_added():
    with pytest.raises(ValueError, match="different"):
        DriftCounts(1, (1,)) + DriftCounts(1, (1, 2))
