"""What is particular about Db2 and its driver; the stores are asked by their own contracts."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import insert, inspect, select, text, update

from crispml_core.adapters.sql.databases.engine import make_engine, reading, writing
from crispml_core.adapters.sql.databases.errors import ConstraintBroken, GaveWay
from crispml_core.adapters.sql.schema import migrate
from crispml_core.adapters.sql.schema.tables import alias_events, dataset_notes, runs
from crispml_core.domain.errors import InvalidInput, StoreUnavailable
from crispml_core.domain.identifiers import utc_now
from tests.servers import own_schema

pytestmark = [pytest.mark.server, pytest.mark.database("db2")]


@pytest.fixture(scope="module")
def migrated():
    url = own_schema("db2")
    migrate.upgrade(url)
    return url


@pytest.fixture
def engine(migrated):
    engine = make_engine(migrated)
    with writing(engine) as connection:
        connection.execute(alias_events.delete())
    yield engine
    engine.dispose()


def an_event(sequence=1, **changes):
    facts = {"model": "credit", "alias": "champion", "version": "v1", "moved_at": utc_now()}
    return facts | {"sequence": sequence, "moved_by": "ann", "reason": ""} | changes


def write(engine, *events):
    with writing(engine) as connection:
        connection.execute(insert(alias_events), list(events))


def test_the_schema_of_the_url_is_used(engine, migrated):
    assert f"CurrentSchema={engine.dialect.default_schema_name.upper()}" in migrated
    assert "score_rows" in inspect(engine).get_table_names()


def test_names_in_sql_of_people_need_no_quotes(engine):
    write(engine, an_event())

    with reading(engine) as connection:
        assert connection.execute(text('SELECT "VERSION" FROM alias_events')).one().version == "v1"


@pytest.mark.parametrize("sequences", [(2,), (1, 2)])
def test_a_taken_key_is_known_also_in_one_row_of_many(engine, sequences):
    write(engine, an_event(2))

    with pytest.raises(ConstraintBroken):
        write(engine, *map(an_event, sequences))
    with reading(engine) as connection:
        assert connection.execute(select(alias_events.c.sequence)).scalars().all() == [2]


def test_a_value_that_is_too_long_is_the_mistake_of_who_sent_it(engine):
    with pytest.raises(InvalidInput, match="longer or larger"):
        write(engine, an_event(environment="é" * 17 * 4))


def test_of_two_transactions_that_wait_for_each_other_one_gives_way(engine):
    write(engine, an_event(1), an_event(2))
    barrier, outcomes = threading.Barrier(2, timeout=30), []

    def work(first, second):
        try:
            with writing(engine) as connection:
                for turn, sequence in enumerate((first, second)):
                    is_row = (alias_events.c.model == "credit", alias_events.c.sequence == sequence)
                    connection.execute(update(alias_events).where(*is_row).values(reason="x"))
                    if turn == 0:
                        barrier.wait()
            outcomes.append("done")
        except GaveWay:
            outcomes.append("gave way")

    threads = [threading.Thread(target=work, args=order) for order in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert sorted(outcomes) == ["done", "gave way"]


def test_a_database_without_tables_says_what_to_run(migrated):
    engine = make_engine(own_schema("db2_empty"))
    with pytest.raises(StoreUnavailable, match="run: crispml db upgrade"), reading(engine) as c:
        c.execute(select(runs.c.id))
    engine.dispose()


def test_nothing_of_a_statement_that_fails_is_printed(engine, capfd):
    with pytest.raises(ConstraintBroken) as broken:
        write(engine, an_event(reason="canary-4711"), an_event(reason="canary-4711"))

    assert "canary" not in str(broken.value)
    said = capfd.readouterr()
    assert "canary" not in said.out + said.err
    assert said.err == ""


def test_a_long_text_and_every_character_come_back(engine):
    note = {"name": "naïve 日本 🙂" * 100_000}
    facts = {"dataset_id": "d" * 64, "sequence": 1, "noted_at": utc_now(), "changes": note}

    with writing(engine) as connection:
        connection.execute(insert(dataset_notes).values(**facts, noted_by="🙂" * 255, reason=""))
    with reading(engine) as connection:
        query = select(dataset_notes.c.changes, dataset_notes.c.noted_by, dataset_notes.c.noted_at)
        row = connection.execute(query).one()

    assert (row.changes, row.noted_by, row.noted_at) == (note, "🙂" * 255, facts["noted_at"])
