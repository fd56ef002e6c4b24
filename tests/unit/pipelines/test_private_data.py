"""Models learn from what policies leave of records, and are shown the same of every record."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crispml_core.adapters.compilers import SklearnModelCompiler
from crispml_core.adapters.skops.codec import SkopsModelCodec
from crispml_core.adapters.volume.artefact_store import VolumeArtefactStore
from crispml_core.adapters.volume.dataset_store import VolumeDataSetStore
from crispml_core.domain.dataset_privacy import DataSetPrivacy
from crispml_core.domain.datasets import SUBJECT_COLUMN, Stage
from crispml_core.domain.environments import EnvironmentData, FieldPolicy
from crispml_core.domain.errors import InvalidInput, NotReady, RegistryDamaged, StoreUnavailable
from crispml_core.domain.expressions import parse
from crispml_core.domain.fields import Field
from crispml_core.domain.generalisation import Generalise
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.privacy import Secrets
from crispml_core.domain.pseudonyms import SecretKey, SecretKeys
from crispml_core.domain.seen import RowView
from crispml_core.domain.sources import Selection
from crispml_core.pipelines.cycle import run_cycle
from crispml_core.pipelines.data_steps import curate, ingest, prepare
from crispml_core.pipelines.matrices import read_matrix
from crispml_core.pipelines.model_steps import train
from crispml_core.pipelines.private_data import PrivateData
from crispml_core.pipelines.recorder import Recorder
from crispml_core.pipelines.requests import check_request
from crispml_core.pipelines.workplace import Workplace
from crispml_core.serving.privacy import Privacy
from crispml_core.serving.seeing import SeeingScorer
from crispml_core.serving.subject_vault import SubjectVault
from crispml_core.serving.version_loader import VersionLoader
from crispml_core.tables.schema import arrow_schema
from crispml_core.tables.seen_columns import seen_columns
from crispml_core.testing.fakes.subject_keys import FakeSubjectKeys

KEYS = SecretKeys((SecretKey("k1", b"1" * 32),))
SAID: dict[str, Any] = {"owner": "", "description": "", "tags": [], "sensitivity": None}
ROWS = 400

FIELDS = (
    Field("key", "integer", privacy="pseudonymise"),
    Field("person", "string", privacy="pseudonymise"),
    Field("card", "string", privacy="pseudonymise", nullable=True),
    Field("name", "string", privacy="drop", nullable=True),
    Field("kept", "number", nullable=True),
    Field("born", "date", privacy="generalise", generalise=Generalise(to="year"), nullable=True),
    Field("amount", "number", privacy="generalise", generalise=Generalise(width=0.1)),
    Field(
        *("kind", "category"),
        values=("a", "b", "c"),
        privacy="generalise",
        generalise=Generalise(groups={"a": "b"}, other="c"),
        nullable=True,
    ),
    Field("street", "string", privacy="encrypt", nullable=True),
    Field("income", "number", privacy="encrypt", nullable=True),
    Field("visit", "datetime", privacy="encrypt", nullable=True),
    Field("day", "date", privacy="encrypt", nullable=True),
    Field("owns", "boolean", privacy="encrypt", nullable=True),
)
finite = st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(string.ascii_letters + "ü", max_size=20)
moments = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
RECORD = st.tuples(
    st.integers(-(2**62), 2**62),
    st.sampled_from(["ann", "bob", "cid"]),
    texts | st.none(),
    texts | st.none(),
    finite | st.none(),
    st.dates() | st.none(),
    finite,
    st.sampled_from(["a", "b", "c", None]),
    texts | st.none(),
    finite | st.none(),
    moments | st.none(),
    st.dates() | st.none(),
    st.booleans() | st.none(),
)


def privacy(store=None):
    vault = SubjectVault(KEYS, FakeSubjectKeys() if store is None else store)
    return Privacy(Secrets(KEYS, KEYS), vault)


def made(toy, **more):
    return replace(
        toy,
        **{"record_key": "key", "subject_key": "person", "fields": FIELDS},
        **{"prepare": (), "segments": (), "privacy": DataSetPrivacy(training=True)},
        **more,
    )


def batch_of(use_case, records):
    schema = arrow_schema((*use_case.fields, use_case.target.field))
    columns = zip(*records, strict=True)
    arrays = [pa.array(list(c), kind) for c, kind in zip(columns, schema.types[:-1], strict=True)]
    return pa.RecordBatch.from_arrays([*arrays, pa.array(["yes"] * len(records))], schema=schema)


@pytest.fixture(scope="module")
def toy_once():
    from crispml_core import CsvSource, Target, UseCase
    from tests.conftest import FIELDS as ORDERS
    from tests.conftest import LINEAR

    return UseCase(
        name="toy",
        record_key="order_id",
        fields=ORDERS,
        target=Target("returned", "binary", values=("no", "yes"), positive="yes"),
        source=CsvSource("toy.csv"),
        algorithms=(LINEAR,),
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(RECORD, min_size=1, max_size=12))
def test_a_model_is_shown_in_scoring_what_it_learned_from(toy_once, records):
    """What was stored, and opened, is what a record looks like when it is to be answered."""
    use_case = made(toy_once)
    data = PrivateData(use_case, privacy())
    stored = data.hidden(batch_of(use_case, records))
    (learned,) = data.records([stored])

    view = RowView(use_case.schema, use_case.seen.schema)
    shown = view.rows(records)
    keys = {"key", "person"}  # of these there are pseudonyms in data sets, and no model reads them
    features = [name for name in use_case.seen.schema.names if name not in keys]
    for place, name in enumerate(use_case.seen.schema.names):
        if name in features:
            assert learned.column(name).to_pylist() == [row[place] for row in shown]
    by_column = seen_columns(view, batch_of(use_case, records).drop_columns(["returned"]))
    assert by_column.to_pylist() == [
        dict(zip(use_case.seen.schema.names, row, strict=True)) for row in shown
    ]
    assert by_column.schema.equals(arrow_schema(use_case.seen.fields))
    assert set(stored.schema.names) == {*use_case.schema.names, "returned", SUBJECT_COLUMN} - {
        "name"
    }
    # The same data are stored the same again.
    assert stored.equals(data.hidden(batch_of(use_case, records)))


def test_other_people_and_places_make_other_cells(toy):
    use_case = made(toy)
    data = PrivateData(use_case, privacy())
    row = (1, "ann", None, None, None, None, 1.0, None, "here", 1.5, None, None, True)
    rows = [row, (2, *row[1:]), (3, "bob", *row[2:])]
    stored = data.hidden(batch_of(use_case, rows))
    first, second, third = stored.column("street").to_pylist()
    assert first == second
    assert first != third
    altered = stored.set_column(
        stored.schema.get_field_index("street"),
        stored.schema.field("street"),
        pa.array([third, second, first]),
    )
    with pytest.raises(RegistryDamaged, match="street of a data set: an encrypted value was"):
        list(data.records([altered]))


# The whole cycle, on orders whose amounts are encrypted.

PEOPLE = ("ann a", "bob b", "cid c", "dan d")


@pytest.fixture
def orders(toy):
    amount = replace(toy.schema["amount"], privacy="encrypt")
    items = replace(toy.schema["items"], privacy="generalise", generalise=Generalise(width=5))
    key = replace(toy.schema["order_id"], privacy="pseudonymise")
    person = Field("person", "string", privacy="pseudonymise")
    fields = (key, person, amount, items, *toy.fields[3:])
    return replace(toy, fields=fields, subject_key="person", privacy=DataSetPrivacy(training=True))


@pytest.fixture
def table(toy_rows):
    people = pa.array([PEOPLE[row % 4] for row in range(ROWS)])
    return toy_rows(ROWS).append_column("person", people)


@pytest.fixture
def keys():
    return FakeSubjectKeys()


@pytest.fixture
def stores(make_stores, table, keys):
    source = SimpleNamespace(
        read=lambda selection: table.to_batches(max_chunksize=150), explain=lambda selection: None
    )
    return make_stores(
        open_source=lambda use_case, upload_id: source,
        codec=lambda use_case: SkopsModelCodec(()),
        compiler=SklearnModelCompiler(),
        libraries=lambda: {"python": "3"},
        project_aliases=lambda model: None,
        privacy=privacy(keys),
    )


def at(use_case, stores):
    return Workplace(use_case, stores, Recorder(use_case.name, stores.timings), "run-1")


def text_of(stores, dataset_id):
    return str(stores.datasets.table(dataset_id).to_pydict())


def test_no_stage_stores_what_is_encrypted_and_the_version_answers_clear_records(
    orders, stores, table
):
    work = at(orders, stores)
    result = run_cycle(work, check_request(orders, "cycle", {}, stores))
    lineage = stores.models.get(orders.name, result["best"]).lineage
    amounts = [str(amount) for amount in table.column("amount").to_pylist()[:50]]
    for dataset_id in (lineage.raw, lineage.prepared, lineage.curated):
        stored = text_of(stores, dataset_id)
        assert not any(amount in stored for amount in amounts)
        assert not any(person in stored for person in PEOPLE)
        assert not any(key in stored for key in table.column("order_id").to_pylist()[:50])
        assert stores.datasets.get(dataset_id).rows == ROWS
    manifest = stores.models.get(orders.name, result["best"])
    assert manifest.masked

    scorer = VersionLoader(stores.models, lambda use_case: SkopsModelCodec(())).load(
        orders, result["best"]
    )
    assert isinstance(scorer, SeeingScorer)
    rows = [
        ("O-1", "ann", 250.0, items, "web", None) for items in (5, 7, 9)
    ]  # one and the same once coarse
    answers = scorer.answer_rows(rows)
    assert len(set(answers.probabilities)) == 1
    batch = pa.RecordBatch.from_pylist(
        [dict(zip(orders.schema.names, row, strict=True)) for row in rows],
        arrow_schema(orders.schema),
    )
    assert scorer.answer_columns(batch).probabilities == pytest.approx(answers.probabilities)
    assert (
        scorer.answer_rows([("O-1", "ann", 250.0, 11, "web", None)]).probabilities
        != (answers.probabilities[:1])
    )


def test_no_file_of_a_volume_holds_what_is_hidden(orders, stores, table, keys, tmp_path):
    stores = replace(
        stores,
        datasets=VolumeDataSetStore(tmp_path),
        artefacts=VolumeArtefactStore(tmp_path),
    )
    raw = ingest(at(orders, stores), Selection(), None, SAID)
    prepared = prepare(at(orders, stores), raw.id, 0)
    curation = curate(at(orders, stores), prepared.id, "linear")

    rows = table.to_pylist()
    hidden = [str(row[name]) for row in rows[:50] for name in ("order_id", "amount")] + [*PEOPLE]
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    stored = [str(pq.read_table(file).to_pydict()) for file in tmp_path.rglob("*.parquet")]
    assert len(stored) == 3
    for text in (*stored, *(file.read_bytes().decode("latin-1") for file in files)):
        # Not within another number: the seconds of a moment may be those of an amount.
        assert not [v for v in hidden if re.search(rf"(?<![\d.:]){re.escape(v)}(?!\d)", text)]
    # And all of it is opened again, from the files alone.
    matrix = read_matrix(at(orders, stores), curation.facts["curated_id"])
    assert matrix.X.shape[0] == ROWS
    frame = at(orders, stores).prepared(prepared.id)
    assert sorted(frame["amount"]) == sorted(row["amount"] for row in rows)
    assert set(frame["items"]) <= {1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50}
    keys.destroy(privacy().vault.identify("cid c"), at=utc_now())
    assert len(at(orders, stores).prepared(prepared.id)) == ROWS - ROWS // 4
    assert stores.datasets.get(prepared.id).rows == ROWS


def test_the_same_data_are_the_same_data_set_whenever_they_are_encrypted(orders, stores):
    first = ingest(at(orders, stores), Selection(), None, SAID)
    assert ingest(at(orders, stores), Selection(), None, SAID).id == first.id
    assert (
        prepare(at(orders, stores), first.id, 0).id == prepare(at(orders, stores), first.id, 0).id
    )


def test_rows_of_the_erased_drop_out_of_every_later_step(orders, stores, keys):
    raw = ingest(at(orders, stores), Selection(), None, SAID)
    prepared = prepare(at(orders, stores), raw.id, 0)
    curation = curate(at(orders, stores), prepared.id, "linear")

    keys.destroy(privacy().vault.identify("bob b"), at=utc_now())

    again = at(orders, stores)
    assert prepare(again, raw.id, 0).rows == ROWS - ROWS // 4
    assert again.recorder.steps[-1].output["erased_rows"] == ROWS // 4
    assert len(at(orders, stores).prepared(prepared.id)) == ROWS - ROWS // 4
    matrix = read_matrix(at(orders, stores), curation.facts["curated_id"])
    assert len(matrix.X) == len(matrix.y) == len(matrix.split) == ROWS - ROWS // 4
    train(at(orders, stores), curation.id, {}, 0, None)
    read_again = ingest(at(orders, stores), Selection(), None, SAID)
    assert read_again.rows == ROWS - ROWS // 4
    assert "bob b" not in text_of(stores, read_again.id)


def test_data_from_before_the_policies_are_refused(toy, orders, stores, table):
    clear = ingest(at(replace(orders, privacy=DataSetPrivacy()), stores), Selection(), None, SAID)
    with pytest.raises(InvalidInput, match="ingest the data again") as refused:
        prepare(at(orders, stores), clear.id, 0)
    assert "order_id" in refused.value.message
    assert "amount" in refused.value.message


def test_nothing_is_stored_in_clear_while_keys_cannot_be_asked_for(orders, stores, keys):
    def away(*args, **kwargs):
        raise StoreUnavailable("away")

    keys.add = away
    with pytest.raises(NotReady, match="keys of data subjects"):
        ingest(at(orders, stores), Selection(), None, SAID)
    assert stores.datasets.find() == []


def test_a_run_without_the_master_key_is_refused(orders, stores):
    with pytest.raises(InvalidInput, match="MASTER_KEY_FILE"):
        at(orders, replace(stores, privacy=Privacy(Secrets(KEYS, KEYS))))


# Environments.


def test_an_environment_reads_its_rows_only_whatever_the_source_does(toy, stores, table):
    coarse = FieldPolicy(field="amount", privacy="generalise", generalise=Generalise(width=100))
    dev = EnvironmentData(name="dev", where="channel == 'web' and amount > 50", fields=(coarse,))
    use_case = replace(toy, environments=(dev,)).in_environment("dev")
    asked: list[Any] = []
    public = table.drop_columns(["person"])
    source = SimpleNamespace(
        read=lambda selection: asked.append(selection.where) or public.to_batches(),
        explain=lambda selection: None,
    )
    here = replace(stores, open_source=lambda use_case, upload_id: source)
    selection = Selection(where=parse("items > 1"))
    raw = here.datasets.table(ingest(at(use_case, here), selection, None, SAID).id)

    assert set(asked[0].fields()) == {"channel", "amount", "items"}
    assert set(raw.column("channel").to_pylist()) == {"web"}
    assert all(amount % 100 == 0 for amount in raw.column("amount").to_pylist())
    kept = [
        row["order_id"]
        for row in table.to_pylist()
        if row["channel"] == "web" and row["amount"] > 50
    ]
    assert raw.column("order_id").to_pylist() == kept
    assert "note" not in raw.column_names
    assert SUBJECT_COLUMN not in raw.column_names


def test_a_version_of_a_masked_environment_answers_clear_records_by_what_it_learned(
    toy, stores, table
):
    source = SimpleNamespace(
        read=lambda selection: table.drop_columns(["person"]).to_batches(),
        explain=lambda selection: None,
    )
    stores = replace(stores, open_source=lambda use_case, upload_id: source)
    coarse = FieldPolicy(field="amount", privacy="generalise", generalise=Generalise(width=100))
    pool = replace(toy, environments=(EnvironmentData(name="qa", fields=(coarse,)),))
    qa, prod = pool.in_environment("qa"), pool.in_environment("prod")
    result = run_cycle(at(qa, stores), check_request(qa, "cycle", {}, stores))

    loader = VersionLoader(stores.models, lambda use_case: SkopsModelCodec(()))
    there, here = (loader.load(one, result["best"]) for one in (qa, prod))
    rows = [("O-1", amount, 3, "web", None) for amount in (201.0, 250.0, 299.0, 300.0)]
    answers = here.answer_rows(rows).probabilities
    assert answers == there.answer_rows(rows).probabilities
    assert answers[0] == answers[1] == answers[2] != answers[3]
    assert stores.datasets.find(stage=Stage.RAW)[0].parameters["masked"]
