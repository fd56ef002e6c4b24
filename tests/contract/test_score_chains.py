"""Whatever somebody does to a score or its input by SQL is named."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update

from crispml_core.adapters.sql.audit.seals import SqlSeals
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.retention.store import SqlRetentionStore
from crispml_core.adapters.sql.schema.tables import score_groups, score_rows
from crispml_core.domain.scores import ScoreRows
from crispml_core.pipelines.audit.score_chains import ScoreChains
from crispml_core.serving.direct_commits import DirectCommits
from crispml_core.serving.ledger_writer import Entry, LedgerWriter, Served
from crispml_core.serving.scored import ScoreCall

pytestmark = pytest.mark.needs("tables")
SERVED = Served("credit", "credit", "v1", "champion", ("bad", "good"), ("age", "city"))


# What scores may have: every column of score_rows is filled by one of them.
CLASSES = {"probabilities": [0.25] * 3, "segments": ["{}"] * 3, "request_ids": ["r"] * 3}
NUMBERS = {
    "predictions": [1.5, 2.5, 3.5],
    "probabilities": [None] * 3,
    "segments": ['{"a":"1"}', '{"a":"2"}', '{"a":"1"}'],
    "request_ids": ["r1", "r2", "r2"],
    "details": ["{}", None, '{"interval":{}}'],
    "subject_key_ids": [None, "a" * 64, "b" * 64],
}
BY_CLASS = {"by_class": [(0.25, 0.75)] * 3, "probabilities": [0.75] * 3}


def entry(first, rows=3, **more):
    keys = [f"k{n}" for n in range(first, first + rows)]
    return Entry(
        call=ScoreCall(use_case="credit"),
        served=SERVED,
        scores=ScoreRows(record_keys=keys, **{"predictions": ["good"] * rows, **CLASSES, **more}),
        inputs=[(20 + n, "Ulm") for n in range(rows)],
    )


@pytest.fixture
def world(stores):
    """Two writers with three groups each, and what reads them again."""
    for _ in range(2):
        writer = LedgerWriter(stores.ledger, DirectCommits(stores.ledger))
        for first in (0, 3, 6):
            writer.commit([entry(first)])
    engine = make_engine(stores.url)
    seals = SqlSeals(engine)
    yield engine, ScoreChains(seals, stores.ledger, SqlRetentionStore(engine))
    engine.dispose()


def rows_of(engine, table):
    with engine.connect() as connection:
        key = list(table.primary_key.columns)
        return connection.execute(select(table).order_by(*key)).all()


def execute(engine, statement):
    with engine.begin() as connection:
        connection.execute(statement)


def test_chains_that_nobody_touched_are_whole(world):
    _, chains = world
    found = chains.checked()
    assert (found.rows, found.fault) == (18, None)


@pytest.mark.parametrize(
    "change",
    [{"record_key": "k99"}, {"prediction": "bad"}, {"probability": 0.75}, {"details": "{}"}],
)
def test_a_score_that_was_altered_is_named(world, change):
    engine, chains = world
    place = rows_of(engine, score_rows)[4].place
    group = rows_of(engine, score_groups)[1]
    execute(engine, update(score_rows).where(score_rows.c.place == place).values(change))
    assert chains.checked().where == f"score_rows {group.group_id}/1"


# The key of a row, and the id of scores from before revision 3, which new rows do not have.
KEYS = {"place", "early_id"}


@pytest.mark.parametrize("column", sorted({c.name for c in score_rows.columns} - KEYS))
def test_every_column_of_a_score_is_watched(stores, column):
    writer = LedgerWriter(stores.ledger, DirectCommits(stores.ledger))
    writer.commit([entry(0, **(BY_CLASS if column in BY_CLASS else NUMBERS))])
    engine = make_engine(stores.url)
    try:
        chains = ScoreChains(SqlSeals(engine), stores.ledger, SqlRetentionStore(engine))
        (group,) = rows_of(engine, score_groups)
        row = rows_of(engine, score_rows)[1]
        before = getattr(row, column)
        for value in others_than(before, column):
            this = score_rows.c.place == row.place
            execute(engine, update(score_rows).where(this).values({column: value}))
            assert chains.checked().where == f"score_rows {group.group_id}/1", value
            execute(engine, update(score_rows).where(this).values({column: before}))
        assert chains.checked().fault is None
    finally:
        engine.dispose()


def others_than(before, column):
    """Return another value for a column and, where there may be none, none."""
    if column == "by_class":
        return ["[0.5,0.5]"]
    if column in ("probability", "prediction_number"):
        return [0.125]
    return ["{}" if column == "details" else "9.5", *([None] if column == "subject_key_id" else [])]


def test_a_score_that_was_deleted_is_named(world):
    engine, chains = world
    place = rows_of(engine, score_rows)[4].place
    group = rows_of(engine, score_groups)[1]
    execute(engine, delete(score_rows).where(score_rows.c.place == place))
    found = chains.checked()
    assert found.where == f"score_groups {group.writer_id}/{group.sequence}"


@pytest.mark.parametrize("column", ["inputs", "row_digests", "root", "previous_root"])
def test_a_group_that_was_altered_is_named(world, column):
    engine, chains = world
    groups = rows_of(engine, score_groups)
    other, altered = getattr(groups[0], column), groups[1]
    value = bytes(32) if column == "previous_root" else other
    if column == "inputs":
        value = b"nonsense"
    this = score_groups.c.group_no == altered.group_no
    execute(engine, update(score_groups).where(this).values({column: value}))
    found = chains.checked()
    assert found.fault is not None
    assert altered.writer_id in found.where or altered.group_id in found.where


def test_a_group_that_was_deleted_is_missed_by_the_next(world):
    engine, chains = world
    group = rows_of(engine, score_groups)[1]
    places = [r.place for r in rows_of(engine, score_rows)[3:6]]
    execute(engine, delete(score_rows).where(score_rows.c.place.in_(places)))
    execute(engine, delete(score_groups).where(score_groups.c.group_no == group.group_no))
    found = chains.checked()
    assert found.where == f"score_groups {group.writer_id}/3"
    assert found.fault == "the group before it is missing, and no rule deleted it"


def test_groups_are_listed_by_writer_in_pages_of_any_size(world):
    engine, _ = world
    seals = SqlSeals(engine)
    all_of_them = list(seals.groups(("", 0), 100))
    assert all_of_them == sorted(all_of_them)
    assert len(all_of_them) == 6
    for limit in (1, 2, 4, 6):
        found, after = [], ("", 0)
        while page := seals.groups(after, limit):
            assert len(page) <= limit
            found += page
            after = page[-1][:2]
        assert found == all_of_them
