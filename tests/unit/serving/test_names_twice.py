"""A key that is there twice is never overlooked, however long the text is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.serving import names_twice
from crispml_core.serving.names_twice import names_none_twice

PIECES = st.sampled_from(['"', ":", '":', '" :', "\n", "a", "\\", "é"])


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.lists(PIECES, max_size=4).map("".join))),
    st.sampled_from([":", " :", ": ", "\t: ", " \n:"]),
)
def test_a_key_that_is_there_twice_is_never_overlooked(pairs, colon):
    items = [f"{json.dumps(name)}{colon}{json.dumps(value)}" for name, value in pairs]
    body = ("{" + ",".join(items) + "}").encode()
    if len(dict(pairs)) < len(pairs):
        assert not names_none_twice(body, len(dict(pairs)))


@pytest.mark.parametrize("value", ["x", "x:y", '":', ":", '"'])
@pytest.mark.parametrize("part", [1, 2, 3, 7, 64])
def test_long_texts_are_counted_part_by_part_with_the_same_outcome(monkeypatch, value, part):
    records = [{"a": value, "b": number} for number in range(20)]
    body = json.dumps(records, separators=(",", ":")).encode()
    outcomes = [names_none_twice(body, keys) for keys in (39, 40, 41)]
    monkeypatch.setattr(names_twice, "_PART", part)
    assert [names_none_twice(body, keys) for keys in (39, 40, 41)] == outcomes
    assert outcomes[0] is outcomes[2] is False
