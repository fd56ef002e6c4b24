"""Made-up values keep the rules of their fields and are nobody's."""

import pytest

from crispml_core.domain.fields import Field, RecordSchema
from crispml_core.domain.generalisation import Generalise
from crispml_core.governance.stand_ins import nobodys, stand_in
from crispml_core.tables.golden import rows_of

FIELDS = (
    Field("id", "string", privacy="pseudonymise", max_length=4),
    Field("number", "number", minimum=-3, maximum=-1, privacy="encrypt"),
    Field("above", "number", minimum=1e6, privacy="encrypt"),
    Field("below", "integer", maximum=-7, privacy="encrypt"),
    Field("count", "integer", minimum=0.5, maximum=3.5, privacy="drop"),
    Field("kind", "category", values=("a", "b"), privacy="drop"),
    Field("owns", "boolean", privacy="drop"),
    Field("born", "date", privacy="generalise", generalise=Generalise(to="year")),
    Field("seen", "datetime", privacy="encrypt", nullable=True),
    Field("kept", "number"),
)
SCHEMA = RecordSchema(FIELDS, "id")


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_stand_in_keeps_the_rules_of_its_field(field):
    records = [
        {each.name: stand_in(each, number) for each in FIELDS} | {"kept": 0.0}
        for number in range(50)
    ]
    rows = rows_of(SCHEMA, records)  # which checks them
    assert len({row[SCHEMA.names.index(field.name)] for row in rows}) > 1 or field.name == "kept"


def test_private_values_are_replaced_and_the_others_and_missing_ones_stay():
    record = {each.name: "private" for each in FIELDS} | {"kept": 4.5, "seen": None}
    (made,) = nobodys(SCHEMA, [record])
    assert (made["kept"], made["seen"]) == (4.5, None)
    assert "private" not in made.values()
    assert record["id"] == "private", "the record itself stays as it is"
