"""What migrations do on every database."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from crispml_core.adapters.sql.alias_log import SqlAliasLog
from crispml_core.adapters.sql.databases import upgrade_lock
from crispml_core.adapters.sql.databases.capabilities import capabilities
from crispml_core.adapters.sql.databases.engine import make_engine, reading
from crispml_core.adapters.sql.schema import migrate
from crispml_core.adapters.sql.schema.tables import metadata
from crispml_core.domain.audit import AuditEvent
from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.labels import Label
from tests.contract.conftest import OWN, sql_stores
from tests.contract.test_erasure_log import an_erasure
from tests.contract.test_key_store import a_key
from tests.contract.test_run_store import a_run
from tests.contract.test_subject_keys import key as subject_key
from tests.databases import params


@pytest.fixture(params=params("sqlite", "postgresql", "db2"))
def url(request, tmp_path):
    """The URL of an empty database."""
    if request.param in OWN:
        OWN[request.param].cache_clear()
        return OWN[request.param]("migrations")
    return f"sqlite:///{tmp_path}/crispml.db"


@pytest.fixture
def engine(url):
    engine = make_engine(url, create=True)
    yield engine
    engine.dispose()


def tables(engine):
    return set(inspect(engine).get_table_names()) - {"alembic_version", upgrade_lock.TABLE}


def is_of_stores(thing, name, kind, is_in_database, _other):
    return not (kind == "table" and name == upgrade_lock.TABLE)


def test_they_make_the_tables_of_the_stores(url, engine):
    assert migrate.upgrade(url) == migrate.head()

    assert tables(engine) == set(metadata.tables)
    with reading(engine) as connection:
        options = {"compare_type": True, "include_object": is_of_stores}
        context = MigrationContext.configure(connection, opts=options)
        differences = [(what, thing.name) for what, thing in compare_metadata(context, metadata)]
    # One key under two names: without partial indexes what is null is left out anyway.
    key = "score_groups_idempotency_digest"
    named_otherwise = [("remove_constraint", f"uq_{key}"), ("add_index", f"ix_{key}")]
    partial = capabilities(engine.dialect).partial_indexes
    assert differences == ([] if partial else named_otherwise)


def test_down_and_up_again(url, engine):
    migrate.upgrade(url)

    migrate.downgrade(url, "base")
    assert tables(engine) == set()

    migrate.upgrade(url)
    assert tables(engine) == set(metadata.tables)


def test_a_step_back_and_forth_keeps_scores_labels_and_moves(url, engine):
    migrate.upgrade(url)
    stores = sql_stores(engine)
    move = stores.aliases.move("credit", "champion", "v1", expected=None)
    stores.score("a", "b")
    truth = Label(value="bad", record_key="a", label_time=stores.clock())
    stores.labels.add("credit", [truth])
    before = stores.ledger.with_labels("credit", start=None, end=None)
    assert before["label"].to_pylist() == ["bad", None]

    migrate.downgrade(url, "0003")
    migrate.upgrade(url)

    assert stores.ledger.with_labels("credit", start=None, end=None).equals(before)
    (kept,) = stores.aliases.history("credit", "champion")
    assert (kept.version, kept.moved_at) == (move.version, move.moved_at)


def test_a_step_back_from_security_keeps_runs_and_takes_what_has_no_place_there(url, engine):
    migrate.upgrade(url)
    stores = sql_stores(engine)
    run = stores.runs.enqueue(a_run(stores.clock))
    deed = AuditEvent(actor="key:ann", action="runs.start")
    stores.audit.append([deed, deed])
    stores.keys.add(a_key(stores))
    stores.subject_keys.add([subject_key(stores, "a" * 64)])
    stores.erasures.commit(an_erasure(stores))

    migrate.downgrade(url, "0004")
    assert not {"audit_entries", "api_keys", "subject_keys", "erasures"} & tables(engine)
    migrate.upgrade(url)

    assert stores.runs.get(run.id) == replace(run, requested_by="")
    assert stores.audit.append([deed])[0].sequence == 1
    assert not stores.keys.list()
    assert not stores.erasures.of_subject("a" * 64)


@pytest.mark.parametrize("revision", ["0003", "0002", "0001"])
def test_the_way_back_and_forth_loses_no_score_and_no_label(url, engine, revision):
    migrate.upgrade(url)
    stores = sql_stores(engine)
    stores.score("a", "b", idempotency_key="k", fingerprint="f")
    stores.score("größe 🙂", classes=("x", "y", "z"), prediction="y")
    stores.score("n", prediction=0.1 + 0.2, use_case="prices")
    for use_case, key, value in (("credit", "größe 🙂", "z"), ("prices", "n", 0.3)):
        truth = Label(value=value, record_key=key, label_time=stores.clock())
        stores.labels.add(use_case, [truth])
    before = labelled(stores)
    assert before[2]["record_key"] == "größe 🙂"
    assert before[2]["label"] == "z"
    last = stores.ledger.last_root("writer-a")

    migrate.downgrade(url, revision)
    assert migrate.current(url) == revision
    migrate.upgrade(url)

    assert labelled(stores) == before
    assert stores.ledger.last_root("writer-a") == last
    # The way on is open: numbers of groups and chains go on where they were.
    stores.score("c")
    assert len(labelled(stores)) == len(before) + 1


def labelled(stores):
    """Every score with its label, in order; how JSON is spaced does not matter."""
    return [
        row | {"probabilities": json.loads(row["probabilities"] or "null")}
        for use_case in ("credit", "prices")
        for row in stores.ledger.with_labels(use_case, start=None, end=None).to_pylist()
    ]


UPGRADE = """
import sys
from crispml_core.adapters.sql.schema import migrate

print("ready", flush=True)
sys.stdin.readline()
print(migrate.upgrade(sys.argv[1]))
"""


def test_of_two_upgrades_at_once_the_second_finds_nothing_to_do(url, engine):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", UPGRADE, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].strip() for process in processes]

    assert said == [migrate.head()] * 2
    assert tables(engine) == set(metadata.tables)


def test_a_store_without_its_table_says_what_to_run(url, engine):
    engine.connect().close()

    with pytest.raises(StoreUnavailable, match="run: crispml db upgrade"):
        SqlAliasLog(engine).current("credit", "champion")
