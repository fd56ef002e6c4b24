"""What keeps the score tables quick, and right when something fails or comes at the same time."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest
from sqlalchemy import delete, event, func, insert, select

from crispml_core.adapters.sql.databases.engine import make_engine, reading, writing
from crispml_core.adapters.sql.databases.options import EngineOptions
from crispml_core.adapters.sql.schema.group_rows import place
from crispml_core.adapters.sql.schema.tables import (
    drift_counts,
    score_keys,
    score_rows,
    uncounted_groups,
    unindexed_groups,
)
from crispml_core.adapters.sql.scores import index as score_index
from crispml_core.adapters.sql.scores.append_rows import append_rows
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.domain.errors import Conflict, StoreUnavailable
from crispml_core.domain.events import EventKind, ServingEvent
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.scores import score_id


def count(engine, table):
    with reading(engine) as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar()


def plans_of(engine, read, kind="SELECT"):
    """Return how SQLite executes each query of a read."""
    statements = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, parameters, *_):
        statements.append((statement, parameters))

    read()
    event.remove(engine, "before_cursor_execute", note)
    with reading(engine) as connection:
        return [
            "\n".join(
                row.detail
                for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", parameters)
            )
            for text, parameters in statements
            if text.startswith(kind)
        ]


def test_no_read_walks_over_all_scores_or_groups(engine, ledger, make_group):
    group = make_group("a", "b")
    ledger.append([group])
    first = score_id(group.group_id, 0)
    window = {"start": utc_now(), "end": utc_now()}

    for read in (
        lambda: ledger.get(first),
        lambda: ledger.group(group.group_id),
        lambda: ledger.stored([group.group_id]),
        lambda: ledger.replay("credit", "k", "f"),
        lambda: ledger.last_root("w"),
        lambda: ledger.find(use_case="credit"),
        lambda: ledger.find(before=first),
        lambda: ledger.find(use_case="credit", version="v1", **window),
        lambda: ledger.find(use_case="credit", record_key="a", before=first),
        lambda: ledger.with_labels("credit", **window),
        lambda: ledger.with_labels("credit", start=None, end=None, version="v1"),
    ):
        plans = plans_of(engine, read)
        assert plans
        for plan in plans:
            assert "SCAN score" not in plan, plan


@pytest.mark.parametrize("max_rows", [1000, 2])
def test_the_index_looks_only_at_the_rows_of_groups_that_wait(engine, ledger, make_group, max_rows):
    ledger.append([make_group("a", "b", "c") for _ in range(50)])

    plans = plans_of(engine, lambda: ledger.index_keys(max_rows), "INSERT INTO score_keys")

    assert len(plans) == 1
    assert "SEARCH score_rows USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" in plans[0]
    assert "SCAN score" not in plans[0]


def test_the_newest_scores_are_read_in_order_without_sorting(engine, ledger, make_group):
    ledger.append([make_group("a")])

    plans = plans_of(engine, lambda: ledger.find(use_case="credit", end=utc_now()))

    assert len(plans) == 1
    assert "TEMP B-TREE" not in plans[0]


@pytest.mark.parametrize("rows", [1, 64, 65, 128, 150])
def test_both_ways_to_append_store_the_same(engine, ledger, make_group, rows):
    """The driver's own connection, and SQLAlchemy's that other databases have."""
    keys = [f"k{row}" for row in range(rows)]
    facts = {"created_at": utc_now(), "idempotency_key": "k", "fingerprint": "f"}
    events = [ServingEvent(kind=EventKind.FAILED, code="x", status=500)]
    one, other = make_group(*keys, **facts), make_group(*keys, **facts, use_case="other")

    ledger.append([one], events)
    append_rows(engine, [other], [*events, *events])

    assert ledger.group(one.group_id) == one
    assert ledger.group(other.group_id) == other
    with reading(engine) as connection:
        kept = connection.execute(select(score_rows).order_by(score_rows.c.place)).all()
    assert [tuple(row)[1:] for row in kept[:rows]] == [tuple(row)[1:] for row in kept[rows:]]
    assert [row.place for row in kept] == [
        place(group_no, row) for group_no in (1, 2) for row in range(rows)
    ]
    assert count(engine, unindexed_groups) == 2


def test_a_group_whose_rows_would_lie_among_those_of_another_is_not_stored(
    engine, ledger, make_group
):
    """No group is written behind the last one; should it happen, nothing of it stays."""
    with writing(engine) as connection:
        row = {"place": place(7, 0), "record_key": "x", "prediction": "bad"}
        connection.execute(insert(score_rows), [row])
    large = make_group(*(f"k{row}" for row in range(100)))

    with pytest.raises(RuntimeError, match="not where its number says"):
        ledger.append([large])

    assert ledger.stored([large.group_id]) == set()
    assert count(engine, score_rows) == 1


def test_appending_through_sqlalchemy_is_all_or_nothing_too(engine, ledger, make_group):
    known, new = make_group("a"), make_group("b")
    append_rows(engine, [known], [])

    with pytest.raises(Conflict):
        append_rows(engine, [new, known], [ServingEvent(kind=EventKind.FAILED, code="x")])

    assert ledger.stored([known.group_id, new.group_id]) == {known.group_id}


def test_a_group_whose_columns_differ_in_length_is_not_stored(ledger, make_group):
    group = make_group("a", "b")
    group = replace(group, scores=replace(group.scores, segments=["{}"]))

    with pytest.raises(ValueError, match="sequence of size 1"):
        ledger.append([group])

    assert ledger.stored([group.group_id]) == set()
    ledger.append([make_group("a")])


def test_a_locked_database_takes_nothing_and_then_everything(url, file, make_group):
    engine = make_engine(url, options=EngineOptions(busy_timeout_s=0.05))
    ledger, group = SqlScoreLedger(engine), make_group("a")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailable, match="CRISPML_DATABASE__URL is locked"):
        ledger.append([group])
    assert ledger.stored([group.group_id]) == set(), "readers go on"
    other.close()
    ledger.append([group])

    assert ledger.group(group.group_id) == group
    engine.dispose()


def test_a_full_volume_keeps_nothing_of_a_group(engine, ledger, make_group):
    ledger.append([make_group("a")])
    with reading(engine) as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 3}")
    large = make_group(*(f"k{row}" for row in range(2000)))

    with pytest.raises(StoreUnavailable, match="is full"):
        ledger.append([large])

    assert ledger.stored([large.group_id]) == set()
    assert count(engine, score_rows) == 1


@pytest.mark.parametrize("where", ["removed", "replaced"])
def test_a_file_that_is_another_one_now_is_not_written_to(engine, ledger, file, make_group, where):
    ledger.append([make_group("a")])
    file.unlink()
    if where == "replaced":
        file.write_bytes(b"not a database" * 100)

    with pytest.raises(StoreUnavailable, match=r"does not exist|is not a SQLite database"):
        ledger.append([make_group("b")])


def test_a_group_is_marked_for_the_index_until_its_last_row_is_in(engine, ledger, make_group):
    ledger.append([make_group(*(f"k{row}" for row in range(7))), make_group("a"), make_group("b")])

    assert [ledger.index_keys(3) for _ in range(3)] == [(3, True), (3, True), (1, True)]
    assert count(engine, unindexed_groups) == 2
    assert [ledger.index_keys(3), ledger.index_keys(3)] == [(2, False), (0, False)]
    assert count(engine, unindexed_groups) == 0
    assert count(engine, score_keys) == 9


def test_a_group_that_another_process_indexed_meanwhile_is_left_to_it(
    engine, ledger, make_group, monkeypatch
):
    """A database server lets two processes look at the same moment."""
    ledger.append([make_group("a", "b")])
    index = score_index._index_whole

    def late(connection, waiting, max_rows):
        index(connection, waiting, max_rows)  # as if the other one had committed it just now
        return index(connection, waiting, max_rows)

    with monkeypatch.context() as patch:
        patch.setattr(score_index, "_index_whole", late)
        assert ledger.index_keys(10) == (0, True)

    assert count(engine, unindexed_groups) == 1, "what this one did is rolled back"
    assert ledger.index_keys(10).rows == 2


def test_a_group_that_does_not_wait_is_passed_over_between_two_that_do(engine, ledger, make_group):
    ledger.append([make_group(key) for key in "abc"])
    middle = select(func.min(unindexed_groups.c.group_no) + 1).scalar_subquery()
    with writing(engine) as connection:
        connection.execute(delete(unindexed_groups).where(unindexed_groups.c.group_no == middle))

    assert ledger.index_keys(10).rows == 2
    with reading(engine) as connection:
        assert connection.execute(select(score_keys.c.record_key)).scalars().all() == ["a", "c"]
    assert count(engine, uncounted_groups) == 2, "it would be counted twice"


def test_the_keys_of_a_group_without_scores_do_not_wait(engine, ledger, make_group):
    empty = make_group()
    ledger.append([empty])

    assert ledger.group(empty.group_id) == empty
    assert ledger.index_keys(10).rows == 0
    assert ledger.find(use_case="credit", record_key="a") == []


def test_a_commit_does_nothing_for_the_counts_of_drift(engine, ledger, make_group):
    statements = []
    group = make_group("a", "b")
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        driver.set_trace_callback(statements.append)
    try:
        ledger.append([group])
    finally:
        driver.set_trace_callback(None)

    changed = [statement.split()[2] for statement in statements if statement.startswith("INSERT")]
    assert changed == ["score_groups", "score_rows", "unindexed_groups"]
    assert count(engine, uncounted_groups) == count(engine, drift_counts) == 0

    ledger.index_keys(10)
    assert count(engine, uncounted_groups) == 1
