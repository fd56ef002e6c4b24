"""PostgreSQL has ways of its own to append, and they store what SQLAlchemy's way stores."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import event, select

from crispml_core.adapters.sql.databases.engine import make_engine, reading
from crispml_core.adapters.sql.labels import rows
from crispml_core.adapters.sql.labels.store import SqlLabelStore
from crispml_core.adapters.sql.schema.group_rows import IN_GROUP, ROW_NUMBER
from crispml_core.adapters.sql.schema.tables import (
    labels,
    score_groups,
    score_rows,
    unindexed_groups,
)
from crispml_core.adapters.sql.scores.append_rows import append_rows
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.domain.errors import Conflict, InvalidInput, StoreUnavailable
from crispml_core.domain.events import EventKind, ServingEvent
from crispml_core.domain.labels import Label, Verdict
from crispml_core.domain.scores import Encoding, ScoreGroup, ScoreRows, new_group_id, score_id
from tests.contract.conftest import Clock

pytestmark = pytest.mark.server

# What could be taken for syntax by an array, by COPY, by JSON, or lost on the way.
AWKWARD = [
    "plain",
    "",
    " ",
    "NULL",
    r"\N",
    r"\.",
    '"',
    '","',
    "'",
    "{a,b}",
    "back\\slash",
    "tab\there",
    "line\nbreak\r\n",
    "🦉 ä ß 漢",
    "%s %(name)s %",
    "x" * 255,
]
MANY = 2_500


@pytest.fixture
def engine(empty):
    engine = make_engine(empty("postgresql"))
    with engine.begin() as connection:
        for table in (score_rows, score_groups, unindexed_groups, labels):
            connection.execute(table.delete())
    yield engine
    engine.dispose()


@pytest.fixture
def ledger(engine):
    return SqlScoreLedger(engine)


def scores(rows, **changes):
    keys = [AWKWARD[row % len(AWKWARD)] for row in range(rows)]
    facts = {
        "record_keys": keys,
        "predictions": keys[::-1],
        "probabilities": [(0.1 + 0.2, 5e-324, 1.0)[row % 3] for row in range(rows)],
        "segments": ['{"sex":"f"}'] * rows,
        "request_ids": ["r"] * rows,
    }
    return ScoreRows(**facts | changes)


def group(rows, **changes):
    facts = {
        "group_id": new_group_id(),
        "writer_id": "w",
        "sequence": 1,
        "use_case": "credit",
        "model": "credit",
        "version": "v1",
        "alias": None,
        "created_at": Clock()(),
        "classes": ("bad", 'gut "ä"'),
        "scores": scores(rows),
        "inputs": bytes(range(256)) * 3,
        "encoding": Encoding.ARROW,
        "row_digests": bytes(range(32)) * rows,
        "root": bytes(range(32)),
        "previous_root": bytes(32),
    }
    return ScoreGroup(**facts | changes)


KINDS = {
    "plain": {},
    "awkward": {
        "segments": lambda rows: [AWKWARD[-1 - row % len(AWKWARD)] for row in range(rows)],
        "request_ids": lambda rows: [f"r-{row}" for row in range(rows)],
    },
    "numbers": {
        "predictions": lambda rows: [(0.1 + 0.2, -1e300, 7.0)[row % 3] for row in range(rows)],
        "probabilities": lambda rows: [None] * rows,
    },
    "some without a probability": {
        "probabilities": lambda rows: [None if row % 2 else float(row) for row in range(rows)],
    },
    "classes and details": {
        "by_class": lambda rows: [(0.1 + 0.2, 5e-324)] * rows,
        "details": lambda rows: [None if row % 2 else AWKWARD[row % 16] for row in range(rows)],
    },
}


@pytest.mark.parametrize("rows", [0, 1, 2, 64, MANY])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("changes", [{}, {"shadow_of": new_group_id(), "fallback": True}])
def test_both_ways_store_the_same_rows(engine, ledger, rows, kind, changes):
    columns = {name: make(rows) for name, make in KINDS[kind].items()}
    one = group(rows, scores=scores(rows, **columns), **changes)
    other = replace(one, group_id=new_group_id(), sequence=2)

    ledger.append([one])
    append_rows(engine, [other], [])

    mine, theirs = (stored(engine, each.group_id) for each in (one, other))
    assert mine == theirs
    assert len(mine["rows"]) == rows


def test_both_ways_store_the_same_labels(engine, ledger, monkeypatch):
    clock = Clock()
    store = SqlLabelStore(engine, clock=clock)
    scored = group(20, created_at=clock() - timedelta(hours=1))
    ledger.append([scored])
    common = {"label_time": clock()}
    given = [
        *(Label(value=text, record_key=text or "empty", source=text, **common) for text in AWKWARD),
        Label(value=0.1 + 0.2, score_id=score_id(scored.group_id, 3), propensity=5e-324, **common),
        Label(value="good", record_key="plain", **common),
        Label(value="good", record_key="x", label_time=clock(), scored_until=clock()),
        Label(value="good", record_key="x", label_time=clock() - timedelta(days=9999)),
    ]
    first, copied = store.add("credit", given), labels_of(engine)
    monkeypatch.setattr(rows, "copies", lambda dialect: False)

    second, inserted = store.add("credit", given), labels_of(engine)

    assert first.verdicts == second.verdicts
    assert copied == inserted
    assert len(copied) == len([v for v in first.verdicts if v is not Verdict.DUPLICATE])


def labels_of(engine):
    """Take all labels from the table, without the ids that every import makes anew."""
    ids = ("label_id", "import_id", "supersedes", "superseded_by")
    with engine.begin() as connection:
        found = connection.execute(select(labels).order_by(labels.c.row_number)).mappings().all()
        connection.execute(labels.delete())
    return [
        {name: value is not None if name in ids else value for name, value in row.items()}
        for row in found
    ]


def test_a_label_that_a_column_does_not_take_is_said_and_nothing_is_stored(engine):
    store = SqlLabelStore(engine, clock=Clock())
    for bad in ("x" * 256, "nul \0"):
        with pytest.raises(InvalidInput, match="a value is longer or larger"):
            store.add("credit", [Label(value="bad", label_time=Clock()(), record_key=bad)])
    assert labels_of(engine) == []


def stored(engine, group_id):
    """Return everything about a group but what tells it from another one."""
    with reading(engine) as connection:
        found = connection.execute(
            select(score_groups).where(score_groups.c.group_id == group_id)
        ).one()
        columns = [column for column in score_rows.columns if column is not score_rows.c.place]
        rows = connection.execute(
            select(ROW_NUMBER, *columns)
            .join_from(score_rows, score_groups, IN_GROUP)
            .where(score_groups.c.group_id == group_id)
            .order_by(score_rows.c.place)
        ).all()
        marks = connection.execute(
            select(unindexed_groups.c.next_row).where(unindexed_groups.c.group_no == found.group_no)
        ).all()
    own = {"group_no", "group_id", "sequence"}
    facts = {name: value for name, value in found._mapping.items() if name not in own}
    return {"group": facts, "rows": rows, "marks": marks}


@pytest.mark.parametrize("rows", [2, MANY])
@pytest.mark.parametrize(
    ("column", "value", "error"),
    [
        ("record_keys", "x" * 256, InvalidInput),
        ("record_keys", "nul \0", InvalidInput),
        ("details", "nul \0", InvalidInput),
    ],
)
def test_what_a_column_does_not_take_is_said_and_nothing_is_stored(
    engine, ledger, rows, column, value, error
):
    bad = group(rows, scores=scores(rows, **{column: ["a"] * (rows - 1) + [value]}))

    for write in (lambda: ledger.append([bad]), lambda: append_rows(engine, [bad], [])):
        with pytest.raises(error, match="a value is longer or larger"):
            write()

    assert ledger.stored([bad.group_id]) == set()
    ledger.append([group(rows)])


@pytest.mark.parametrize("rows", [2, MANY])
def test_a_column_of_another_length_is_not_filled_up(ledger, rows):
    bad = group(rows, scores=scores(rows, probabilities=[0.5] * (rows + 1)))

    with pytest.raises(ValueError, match=f"sequence of size {rows + 1}"):
        ledger.append([bad])

    assert ledger.stored([bad.group_id]) == set()


@pytest.mark.parametrize("rows", [(1,), (1, 2), (1, MANY), (MANY, 1)])
def test_a_taken_key_keeps_out_everything_that_came_with_it(ledger, rows):
    groups = [group(count, sequence=number) for number, count in enumerate(rows, start=1)]
    ledger.append(groups[-1:])
    again = [replace(each, group_id=new_group_id()) for each in groups]

    with pytest.raises(Conflict):
        ledger.append(again, [ServingEvent(kind=EventKind.FAILED, code="x")])

    assert ledger.stored([each.group_id for each in (*groups, *again)]) == {groups[-1].group_id}
    ledger.append([group(1, writer_id="other")])


def test_a_small_group_alone_is_one_round_trip(engine, ledger, monkeypatch):
    """Durable answers wait for it."""
    sent = []
    execute = psycopg.Connection.execute

    def counted(self, query, *arguments, **options):
        sent.append(query)
        return execute(self, query, *arguments, **options)

    monkeypatch.setattr(psycopg.Connection, "execute", counted)
    ledger.append([group(64)])

    assert len(sent) == 1
    with reading(engine) as connection:
        assert len(connection.execute(select(score_rows)).all()) == 64


@pytest.mark.parametrize("rows", [1, MANY])
def test_a_lost_connection_is_said_and_the_next_commit_has_another(engine, ledger, rows):
    lost = []

    @event.listens_for(engine, "checkout")
    def _end(connection, *_):
        if not lost:
            lost.append(connection.info.backend_pid)
            with psycopg.connect(
                engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
            ) as other:
                other.execute("SELECT pg_terminate_backend(%s)", lost)

    first = group(rows)
    with pytest.raises(StoreUnavailable, match="broke the connection"):
        ledger.append([first])
    assert ledger.stored([first.group_id]) == set()
    ledger.append([first])

    assert ledger.group(first.group_id) == first


def test_nothing_at_all_still_asks_whether_the_database_is_there(engine, ledger):
    """The journal asks so after a failure."""
    ledger.append([], [])
    nobody = make_engine(engine.url.set(port=1).render_as_string(hide_password=False))

    with pytest.raises(StoreUnavailable, match="does not answer"):
        SqlScoreLedger(nobody).append([], [])
