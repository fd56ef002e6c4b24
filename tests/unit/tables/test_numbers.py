import json
import math

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.tables.numbers import numbers, numbers_by_name

FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def texts(values):
    return pa.chunked_array([pa.array(values, pa.string())])


@given(st.lists(FLOATS))
def test_a_number_that_was_written_comes_back_in_every_bit(values):
    assert numbers(texts([repr(value) for value in values])).tolist() == values
    assert numbers(texts([f"{value:.17g}" for value in values])).tolist() == values


@given(st.lists(st.one_of(st.none(), FLOATS.map(repr), st.text(max_size=5))))
def test_what_is_no_number_is_not_one_and_leaves_the_others_alone(values):
    found = numbers(texts(values)).tolist()
    for text, number in zip(values, found, strict=True):
        assert math.isnan(number) if text is None else math.isnan(number) or number == float(text)
    assert len(found) == len(values)


def test_texts_of_every_kind_beside_each_other():
    found = numbers(texts(["1.5", "many", None, "-2e3", "", "7"]))
    np.testing.assert_array_equal(found, [1.5, np.nan, np.nan, -2000.0, np.nan, 7.0])


@given(st.lists(st.dictionaries(st.sampled_from(["a", 'b"', "ü", "\n"]), FLOATS), max_size=9))
def test_members_of_objects_stand_in_the_columns_of_their_names(rows):
    names = ["ü", 'b"', "\n"]
    written = [
        json.dumps(row) if number % 2 else json.dumps(row, ensure_ascii=False)
        for number, row in enumerate(rows)
    ]
    found = numbers_by_name(texts(written), names)
    expected = [[row.get(name, np.nan) for name in names] for row in rows]
    np.testing.assert_array_equal(found, np.array(expected).reshape(-1, len(names)))


def test_no_object_has_no_members():
    assert np.isnan(numbers_by_name(texts([None, "{}"]), ["a", "b"])).all()
    assert numbers_by_name(texts([]), ["a", "b"]).shape == (0, 2)
