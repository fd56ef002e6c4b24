"""A record schema refuses what no record could keep."""

import pytest

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.fields import Field, RecordSchema


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"name": "1st", "type": "number"}, "field name '1st' must match"),
        ({"name": "crispml_x", "type": "number"}, "not start with crispml_"),
        ({"name": "x", "type": "money"}, "type must be one of"),
        ({"name": "x", "type": "number", "privacy": "hide"}, "privacy must be one of"),
        ({"name": "x", "type": "category"}, "a category needs them"),
        ({"name": "x", "type": "string", "values": ("a",)}, "values belong to the type category"),
        ({"name": "x", "type": "category", "values": ("a", "a")}, "listed twice"),
        ({"name": "x", "type": "category", "values": (1, 2)}, "values are texts"),
        ({"name": "x", "type": "string", "minimum": 1}, "belong to integer and number"),
        ({"name": "x", "type": "number", "minimum": 2, "maximum": 1}, "minimum is larger"),
    ],
)
def test_a_wrong_field_says_what_to_fix(facts, says):
    with pytest.raises(InvalidInput, match=says):
        Field(**facts)


ID, X = Field("id", "string"), Field("x", "number", privacy="drop")


@pytest.mark.parametrize(
    ("fields", "key", "says"),
    [
        ((ID, ID), "id", "declared twice: id"),
        ((ID, X), "key", "record_key 'key' is not among the fields"),
        ((ID, X), "x", "must be a string or an integer"),
        ((Field("id", "string", nullable=True),), "id", "not nullable"),
    ],
)
def test_a_schema_needs_different_fields_and_a_key(fields, key, says):
    with pytest.raises(InvalidInput, match=says):
        RecordSchema(fields, key)


def test_a_schema_finds_its_fields_and_keeps_private_ones_out_of_the_store():
    schema = RecordSchema((ID, X), "id")
    assert schema.names == ("id", "x")
    assert schema["x"] is X
    assert "x" in schema
    assert "y" not in schema
    assert schema.stored == ("id",)
    with pytest.raises(KeyError):
        schema["y"]
