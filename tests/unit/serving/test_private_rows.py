"""What is stored of single records is, to the byte, what each policy makes of each value."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crispml_core.domain.fields import Field
from crispml_core.domain.generalisation import Generalise
from crispml_core.domain.privacy import Secrets, rule_of
from crispml_core.domain.pseudonyms import SecretKey, SecretKeys, pseudonymiser
from crispml_core.domain.scores import ScoreRows
from crispml_core.serving.private_records import PrivateRecords
from crispml_core.serving.stored_inputs import digest_rows, pack_rows
from crispml_core.tables.row_images import digest_columns, pack_arrow, unpack_arrow

OLD, NEW = SecretKey("k1", b"1" * 32), SecretKey("k2", b"2" * 32)
SECRETS = Secrets(SecretKeys((OLD, NEW)))
COUNTRIES = ("?", "Curaçao", "Guam-USVI-etc", "Ulm")
GROUPS = Generalise(groups={"Ulm": "?"}, other="Curaçao")

FIELDS = (
    Field("key", "string"),
    Field("account", "string", privacy="pseudonymise", nullable=True),
    Field("number", "integer", privacy="pseudonymise", nullable=True),
    Field("gone", "string", privacy="drop", nullable=True),
    Field("country", "category", values=COUNTRIES, privacy="pseudonymise", nullable=True),
    Field(
        "region", "category", values=COUNTRIES, privacy="generalise", generalise=GROUPS,
        nullable=True,
    ),
    Field("age", "integer", privacy="generalise", generalise=Generalise(width=10), nullable=True),
    Field("born", "date", privacy="generalise", generalise=Generalise(to="year"), nullable=True),
    Field("named", "date", privacy="pseudonymise", nullable=True),
    Field("day", "date", nullable=True),
    Field("seen", "datetime", nullable=True),
    Field("kept", "number", nullable=True),
)  # fmt: skip
VALUES = {
    "string": st.text(st.characters(codec="utf-8"), max_size=20),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "category": st.sampled_from(COUNTRIES),
    "date": st.dates(),
    "datetime": st.datetimes(timezones=st.just(UTC)),
}


def records(fields):
    values = [
        st.none() | VALUES[field.type] if field.nullable else VALUES[field.type] for field in fields
    ]
    return st.lists(st.tuples(*values), min_size=1, max_size=5)


def made(toy, fields):
    return replace(toy, record_key="key", subject_key=None, fields=fields, prepare=(), segments=())


def stored_of(field, value):
    """Return what a policy makes of one value, by itself."""
    if value is not None and field.privacy == "pseudonymise":
        value = pseudonymiser(NEW, "toy", field.name)(value)
    elif value is not None and field.privacy == "generalise":
        value = field.generalise.rule(field.type, field.minimum)(value)
    return value.isoformat() if isinstance(value, date) else value


def scores_of(keys):
    rows = len(keys)
    return ScoreRows(
        record_keys=keys,
        predictions=["yes"] * rows,
        probabilities=[0.5] * rows,
        segments=["{}"] * rows,
        request_ids=["r"] * rows,
    )


@pytest.fixture(autouse=True)
def _toy(toy, monkeypatch):
    """Let property tests have the use case, whose fixture is made anew for each test."""
    monkeypatch.setattr(pytest, "toy", toy, raising=False)


@settings(deadline=None)
@given(st.data())
def test_a_record_is_stored_as_its_policies_say_value_by_value(data):
    chosen = data.draw(st.sets(st.sampled_from(range(1, len(FIELDS)))))
    fields = (FIELDS[0], *(FIELDS[number] for number in sorted(chosen)))
    given_records = data.draw(records(fields))
    use_case = made(pytest.toy, fields)
    scores = scores_of([record[0] for record in given_records])

    kept, inputs = PrivateRecords(use_case, SECRETS).kept(scores, given_records)

    expected = [
        tuple(
            stored_of(field, value)
            for field, value in zip(fields, record, strict=True)
            if field.privacy != "drop"
        )
        for record in given_records
    ]
    names = use_case.schema.stored
    assert kept == scores
    assert pack_rows(names, inputs) == pack_rows(names, expected)
    assert digest_rows("0" * 36, kept, inputs) == digest_rows("0" * 36, scores, expected)


@settings(deadline=None)
@given(st.data())
def test_columns_of_codes_are_stored_as_codes_with_the_same_digests(data):
    fields = (FIELDS[0], *(field for field in FIELDS if field.type == "category"))
    given_records = data.draw(records(fields))
    use_case = made(pytest.toy, fields)
    private = PrivateRecords(use_case, SECRETS)
    scores = scores_of([record[0] for record in given_records])
    keys, *coded = zip(*given_records, strict=True)
    batch = pa.RecordBatch.from_arrays(
        [pa.array(keys, pa.string()), *(codes_of(column) for column in coded)],
        names=[field.name for field in fields],
    )

    kept, columns = private.kept(scores, batch)

    _, rows = private.kept(scores, given_records)
    assert unpack_arrow(pack_arrow(columns)) == (tuple(use_case.schema.stored), rows)
    assert digest_columns("0" * 36, kept, columns) == digest_rows("0" * 36, kept, rows)
    for column in columns.columns[1:]:
        entries = column.dictionary.to_pylist()
        assert len(set(entries)) == len(entries), "two codes for the same"


def codes_of(values):
    """Return a column of codes into all values that a category may have."""
    codes = [None if value is None else COUNTRIES.index(value) for value in values]
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), pa.array(COUNTRIES))


@pytest.mark.parametrize("field", [each for each in FIELDS if each.type == "category"])
def test_a_value_that_a_category_does_not_declare_follows_the_rule_too(toy, field):
    """So that what is worked out before can never be what lets a value through."""
    rule = rule_of(made(toy, FIELDS), field, SECRETS)
    assert rule("Atlantis") == stored_of(field, "Atlantis")


def test_moments_are_text_where_nothing_else_happens_to_a_record(toy):
    fields = (FIELDS[0], FIELDS[3], Field("seen", "datetime"))
    moment = datetime(2026, 1, 2, 3, tzinfo=UTC)
    private = PrivateRecords(made(toy, fields), SECRETS)
    assert private.kept(scores_of(["A"]), [("A", "x", moment)])[1] == [
        ("A", "2026-01-02T03:00:00+00:00")
    ]
