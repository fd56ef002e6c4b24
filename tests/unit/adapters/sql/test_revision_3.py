"""The table of scores before revision 0003, the rows and the view since, and the way between."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from ibm_db_sa.ibm_db import DB2Dialect_ibm_db
from sqlalchemy.dialects import postgresql, sqlite

from crispml_core.adapters.sql.databases.dialect_sql import score_id_sql
from crispml_core.adapters.sql.databases.engine import make_engine, writing
from crispml_core.adapters.sql.schema import migrate
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.domain.scores import ScoreRows, score_id

EARLY_ID = "01930000-0000-7000-8000-000000000001"


def scores_of(file):
    """Return what any program sees."""
    with closing(sqlite3.connect(file)) as reader:
        reader.row_factory = sqlite3.Row
        return [dict(row) for row in reader.execute("SELECT * FROM scores ORDER BY score_id")]


@pytest.fixture
def groups(make_group):
    """Make groups of every kind: with shared facts, with facts of their own, with numbers."""
    own = ScoreRows(
        record_keys=["c", "d", "e"],
        predictions=["x", "y", "x"],
        probabilities=[0.5, 0.6, 0.7],
        segments=["{}", '{"sex":"f"}', "{}"],
        request_ids=["r-1", "r-2", "r-3"],
        by_class=[(0.5, 0.2, 0.3), (0.1, 0.6, 0.3), (0.7, 0.1, 0.2)],
        details=[None, "{}", None],
    )
    numbers = ScoreRows(
        record_keys=["f"],
        predictions=[0.1],
        probabilities=[None],
        segments=["{}"],
        request_ids=["r"],
    )
    return [
        make_group("a", "b"),
        make_group("c", "d", "e", scores=own, classes=("x", "y", "z")),
        make_group("f", scores=numbers, classes=()),
        make_group(),
    ]


def test_other_programs_see_each_score_with_the_facts_of_its_group(file, ledger, groups):
    ledger.append(groups)

    seen = scores_of(file)

    assert [row["score_id"] for row in seen] == [
        score_id(group.group_id, row) for group in groups for row in range(group.rows)
    ]
    first, _, third, fourth, _, last = seen
    assert first == {
        "score_id": score_id(groups[0].group_id, 0),
        "group_id": groups[0].group_id,
        "group_no": 1,
        "row_number": 0,
        "record_key": "a",
        "subject_key_id": None,
        "use_case": "credit",
        "model": "credit",
        "version": "v1",
        "prediction": "bad",
        "prediction_number": None,
        "probability": 0.25,
        "by_class": None,
        "segments": "{}",
        "request_id": "r",
        "details": None,
        "scored_at": f"{groups[0].created_at:%Y-%m-%d %H:%M:%S.%f}",
    }
    assert (third["segments"], third["request_id"], third["row_number"]) == ("{}", "r-1", 0)
    assert (fourth["segments"], fourth["request_id"]) == ('{"sex":"f"}', "r-2")
    assert (fourth["by_class"], fourth["details"]) == ("[0.1,0.6,0.3]", "{}")
    assert (last["prediction"], last["prediction_number"]) == ("0.1", 0.1)


def test_the_view_finds_the_group_of_a_score_by_its_key(engine):
    with writing(engine) as connection:
        plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN SELECT * FROM scores").all()

    assert plan[0].detail == "SCAN r"
    assert plan[1].detail.startswith("SEARCH g USING INTEGER PRIMARY KEY (rowid=?)")
    assert len(plan) == 2


def test_what_all_rows_of_a_group_have_is_stored_once(engine, ledger, groups):
    ledger.append(groups)

    with writing(engine) as connection:
        rows = connection.exec_driver_sql(
            "SELECT place >> 24, segments, request_id, early_id FROM score_rows"
        ).all()
        shared = connection.exec_driver_sql("SELECT segments, request_id FROM score_groups").all()
    assert shared == [("{}", "r"), (None, None), ("{}", "r"), (None, None)]
    assert rows[:2] == [(1, None, None, None)] * 2
    assert rows[2:5] == [
        (2, "{}", "r-1", None),
        (2, '{"sex":"f"}', "r-2", None),
        (2, "{}", "r-3", None),
    ]


def test_the_way_to_the_table_and_back_keeps_every_score(file, url, engine, ledger, groups):
    ledger.append(groups)
    seen = scores_of(file)
    engine.dispose()

    migrate.downgrade(url, "0002")
    table = scores_of(file)
    migrate.upgrade(url)

    own = [name for name in table[0] if name in seen[0]]
    assert len(own) == 12
    assert table == [{name: row[name] for name in table[0]} for row in seen]
    assert scores_of(file) == seen
    again = SqlScoreLedger(engine)
    assert [again.group(group.group_id) for group in groups] == groups
    with closing(sqlite3.connect(file)) as reader:
        assert reader.execute("PRAGMA foreign_key_check").fetchall() == []
        assert reader.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_id_that_does_not_say_where_its_score_lies_is_kept(file, url, engine, ledger, groups):
    ledger.append(groups)
    engine.dispose()
    migrate.downgrade(url, "0002")
    old = make_engine(url)
    with writing(old) as connection:
        connection.exec_driver_sql(
            "UPDATE scores SET score_id = ? WHERE group_no = 2 AND row_number = 1", (EARLY_ID,)
        )
        connection.exec_driver_sql("INSERT INTO early_score_ids VALUES (?, 2, 1)", (EARLY_ID,))
    old.dispose()

    migrate.upgrade(url)

    assert SqlScoreLedger(engine).get(EARLY_ID).record_key == "d"
    found = SqlScoreLedger(engine).with_labels("credit", start=None, end=None)
    assert found["score_id"].to_pylist()[2:5:2] == [
        score_id(groups[1].group_id, row) for row in (0, 2)
    ]
    assert found["score_id"].to_pylist()[3] == EARLY_ID
    migrate.downgrade(url, "0002")
    first = scores_of(file)[0]
    assert (first["score_id"], first["group_no"], first["row_number"]) == (EARLY_ID, 2, 1)


def test_the_id_of_a_score_in_the_sql_of_each_database():
    """Db2 has no function for hexadecimal digits; its way works on SQLite, too, to be tried."""
    assert score_id_sql(postgresql.dialect(), "g", "n") == (
        "substr(g, 1, 30) || lpad(to_hex(n), 6, '0')"
    )
    group_id = "01930000-0000-7000-8000-abcdef000000"
    with closing(sqlite3.connect(":memory:")) as connection:
        for dialect in (sqlite.dialect(), DB2Dialect_ibm_db()):
            for row in (0, 15, 254, 65_535, 0xABCDEF):
                query = f"SELECT {score_id_sql(dialect, '?1', '?2')}"
                found = connection.execute(query, (group_id, row + 1)).fetchone()
                assert found == (score_id(group_id, row),)
