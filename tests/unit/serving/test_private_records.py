"""What is stored of records follows their policies: the same for tuples and for columns."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crispml_core.domain.errors import InvalidInput, WouldWait
from crispml_core.domain.fields import Field
from crispml_core.domain.generalisation import Generalise
from crispml_core.domain.privacy import Secrets
from crispml_core.domain.pseudonyms import SecretKey, SecretKeys
from crispml_core.domain.scores import ScoreRows
from crispml_core.domain.subjects import Hidden
from crispml_core.serving.privacy import Privacy
from crispml_core.serving.sealed_cells import bound_to, opened
from crispml_core.serving.subject_vault import SubjectVault
from crispml_core.tables.private_columns import PrivateColumns
from crispml_core.tables.schema import arrow_schema
from crispml_core.testing.fakes.subject_keys import FakeSubjectKeys

OLD, NEW = SecretKey("k1", b"1" * 32), SecretKey("k2", b"2" * 32)
KEYS = SecretKeys((OLD, NEW))

FIELDS = (
    Field("key", "string", privacy="pseudonymise"),
    Field("person", "integer", privacy="pseudonymise"),
    Field("name", "string", privacy="drop", nullable=True),
    Field("kept", "number", nullable=True),
    Field("born", "date", privacy="generalise", generalise=Generalise(to="year"), nullable=True),
    Field("seen", "datetime", privacy="generalise", generalise=Generalise(to="day"), nullable=True),
    Field(
        "amount", "number", privacy="generalise", generalise=Generalise(width=0.1), nullable=True
    ),
    Field("count", "integer", privacy="generalise", generalise=Generalise(width=7), nullable=True),
    Field("place", "string", privacy="generalise", generalise=Generalise(prefix=1), nullable=True),
    Field(
        "kind",
        "category",
        values=("a", "b"),
        privacy="generalise",
        generalise=Generalise(groups={"a": "b"}),
        nullable=True,
    ),
    Field("street", "string", privacy="encrypt", nullable=True),
    Field("income", "number", privacy="encrypt", nullable=True),
    Field("visit", "datetime", privacy="encrypt", nullable=True),
    Field("owns", "boolean", privacy="encrypt", nullable=True),
)
STORED = [field.name for field in FIELDS if field.privacy != "drop"]
SEALED = ["street", "income", "visit", "owns"]


def vault(store=None):
    return SubjectVault(KEYS, FakeSubjectKeys() if store is None else store)


@pytest.fixture
def use_case(toy):
    return made(toy)


def made(toy, fields=FIELDS, subject="person"):
    return replace(
        toy, record_key="key", subject_key=subject, fields=fields, prepare=(), segments=()
    )


moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
finite = st.floats(allow_nan=False, allow_infinity=False)
whole = st.integers(-(2**63), 2**63 - 1)
text = st.text(st.characters(codec="utf-8"), max_size=20)
VALUES = {
    "string": text,
    "integer": whole,
    "number": finite,
    "category": st.sampled_from(["a", "b"]),
    "boolean": st.booleans(),
    "date": st.dates(),
    "datetime": moments,
}
records = st.lists(
    st.tuples(
        *(
            (st.none() | VALUES[field.type]) if field.nullable else VALUES[field.type]
            for field in FIELDS
        )
    ),
    min_size=1,
    max_size=8,
)


@settings(deadline=None)
@given(given_records=records)
def test_tuples_and_columns_give_the_same(given_records):
    use_case = made(pytest.toy)
    subjects = vault()
    private = Privacy(Secrets(KEYS, KEYS), subjects).of(use_case)
    keys = [record[0] for record in given_records]
    arrays = list(zip(*given_records, strict=True))
    schema = arrow_schema(FIELDS)
    batch = pa.RecordBatch.from_arrays(
        [pa.array(column, kind) for column, kind in zip(arrays, schema.types, strict=True)],
        schema=schema,
    )

    rows, columns = (
        private.kept(scores_of(keys), given_records),
        private.kept(scores_of(keys), batch),
    )

    (rows, inputs), (columns, stored) = rows, columns
    assert rows == columns
    assert stored.schema.names == STORED
    for place, name in enumerate(STORED):
        one = [row[place] for row in inputs]
        other = [
            value.isoformat() if isinstance(value, date) else value
            for value in stored.column(name).to_pylist()
        ]
        if name in SEALED:
            one, other = (shown(subjects, name, cells, rows) for cells in (one, other))
            came = [
                record[[field.name for field in FIELDS].index(name)] for record in given_records
            ]
            assert one == [
                value.isoformat() if isinstance(value, date) else value for value in came
            ]
        assert repr(one) == repr(other)


def scores_of(keys):
    rows = len(keys)
    return ScoreRows(
        record_keys=list(keys),
        predictions=["yes"] * rows,
        probabilities=[0.5] * rows,
        segments=["{}"] * rows,
        request_ids=["r"] * rows,
    )


def kept_of(private, record):
    """Return what is stored of one record, and of its score."""
    scores, inputs = private.kept(scores_of([record[0]]), [record])
    return scores, inputs[0]


def shown(subjects, name, cells, kept):
    keys = subjects.to_read(kept.subject_key_ids)
    return [
        None if cell is None else opened(cell, key, bound_to("toy", name, key_id))
        for cell, key, key_id in zip(cells, keys, kept.subject_key_ids, strict=True)
    ]


@pytest.fixture(autouse=True)
def _toy(toy, monkeypatch):
    """Let property tests have the use case, whose fixture is made anew for each test."""
    monkeypatch.setattr(pytest, "toy", toy, raising=False)


RECORD = (
    "A-1", 7, "Ann", 1.5, date(1984, 2, 29), datetime(2026, 1, 2, 3, tzinfo=UTC), 0.37, 15, "Ulm",
    "a", "Main Street 1", 3000.5, None, True,
)  # fmt: skip


def test_nothing_that_a_policy_keeps_out_is_in_what_is_stored(use_case):
    kept, inputs = kept_of(Privacy(Secrets(KEYS, KEYS), vault()).of(use_case), RECORD)

    row = dict(zip(STORED, inputs, strict=True))
    assert "name" not in row
    assert row["kept"] == 1.5
    assert (row["born"], row["seen"]) == ("1984-01-01", "2026-01-02T00:00:00+00:00")
    assert (row["count"], row["place"], row["kind"], row["visit"]) == (14, "U", "b", None)
    assert row["amount"] == pytest.approx(0.3)
    said = repr((kept, inputs))
    for value in ("A-1", "Ann", "Main Street", "3000.5", "02-29"):
        assert value not in said
    assert kept.record_keys == [row["key"]]
    assert kept.subject_key_ids == [vault().identify(7)]


def test_what_is_joined_keeps_the_first_key_and_the_rest_takes_the_newest(use_case):
    more = (*FIELDS, Field("account", "string", privacy="pseudonymise"))
    private = Privacy(Secrets(KEYS, KEYS), vault()).of(replace(use_case, fields=more))
    _, row = kept_of(private, (*RECORD, "DE1"))
    assert [row[0][:3], row[1][:3], row[-1][:3]] == ["k1.", "k1.", "k2."]


def test_a_value_is_encrypted_to_another_cell_each_time(use_case):
    private = Privacy(Secrets(KEYS, KEYS), vault()).of(use_case)
    cells = {kept_of(private, RECORD)[1][STORED.index("street")] for _ in range(5)}
    assert len(cells) == 5
    assert all(cell.startswith("enc1.") for cell in cells)


def test_of_an_erased_subject_nothing_is_encrypted_any_more(use_case):
    store = FakeSubjectKeys()
    subjects = vault(store)
    store.destroy(subjects.identify(7), at=datetime.now(UTC))
    _, row = kept_of(Privacy(Secrets(KEYS, KEYS), subjects).of(use_case), RECORD)
    assert [row[STORED.index(name)] for name in SEALED] == ["erased", "erased", None, "erased"]


def test_a_record_key_is_found_again_among_those_of_the_request(use_case):
    private = Privacy(Secrets(KEYS, KEYS), vault()).of(use_case)
    other = ("A-2", *RECORD[1:])
    stored = private.keys(["A-2", "A-1", "A-2"])
    assert private.clear_keys(stored, [RECORD, other]) == ["A-2", "A-1", "A-2"]


@pytest.mark.parametrize(
    ("secrets", "subjects", "says"),
    [
        (Secrets(master=KEYS), vault(), "PSEUDONYM_KEY_FILE"),
        (Secrets(pseudonyms=KEYS), None, "MASTER_KEY_FILE"),
    ],
)
def test_without_a_key_nothing_is_stored(use_case, secrets, subjects, says):
    with pytest.raises(InvalidInput, match=says):
        Privacy(secrets, subjects).of(use_case)


def test_a_use_case_that_keeps_all_has_no_filter(toy):
    clear = replace(toy, fields=tuple(replace(field, privacy="keep") for field in toy.fields))
    assert Privacy().of(clear) is None


def test_columns_that_nobody_encrypts_are_withheld_and_others_stay(use_case):
    schema = arrow_schema(FIELDS).append(pa.field("truth", pa.string()))
    values = [[value] for value in (*RECORD, "yes")]
    arrays = [pa.array(value, kind) for value, kind in zip(values, schema.types, strict=True)]
    table = pa.Table.from_arrays(arrays, schema=schema)

    stored = PrivateColumns(use_case, Secrets(KEYS)).apply(table)

    assert stored.schema.names == [*STORED, "truth"]
    assert stored.column("street").to_pylist() == [Hidden.WITHHELD]
    assert stored.column("visit").to_pylist() == [None]
    assert stored.column("truth").to_pylist() == ["yes"]
    assert isinstance(stored, pa.Table)


def test_of_a_shadow_only_the_key_is_stored(use_case):
    private = Privacy(Secrets(KEYS, KEYS), vault()).of(use_case)
    scores, inputs = private.kept(scores_of(["A-1"]), [()])
    assert (scores.record_keys, inputs, scores.subject_key_ids) == (
        private.keys(["A-1"]),
        [()],
        None,
    )


def test_who_must_not_wait_does_not_ask_for_a_key(use_case):
    private = Privacy(Secrets(KEYS, KEYS), vault()).of(use_case)
    with pytest.raises(WouldWait):
        private.kept(scores_of(["A-1"]), [RECORD], wait=False)
    private.kept(scores_of(["A-1"]), [RECORD])
    private.kept(scores_of(["A-1"]), [RECORD], wait=False)


def test_the_reasons_of_private_fields_are_not_stored(use_case):
    reasons = [{"field": name, "contribution": 0.5} for name in ("kept", "income", "count")]
    scores = scores_of(["A-1", "A-1"])
    scores.details = [json.dumps({"explanation": {"base": 0.1, "reasons": reasons}}), None]

    kept, _ = Privacy(Secrets(KEYS, KEYS), vault()).of(use_case).kept(scores, [RECORD, RECORD])

    first, second = kept.details
    assert json.loads(first)["explanation"] == {"base": 0.1, "reasons": reasons[:1]}
    assert second is None
    assert "income" in scores.details[0], "the caller still gets them"


def test_a_subject_is_noted_where_all_fields_are_kept(toy):
    fields = tuple(replace(field, privacy="keep") for field in toy.fields)
    use_case = replace(toy, fields=fields, subject_key="order_id")
    subjects = vault()
    record = ("O-1", 10.5, 2, "web", None)
    scores, inputs = kept_of(Privacy(Secrets(KEYS, KEYS), subjects).of(use_case), record)
    assert (inputs, scores.record_keys) == (record, ["O-1"])
    assert scores.subject_key_ids == [subjects.identify("O-1")]
