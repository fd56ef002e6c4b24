"""Labels are stored and found the same way whatever the database takes, and by its indexes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from crispml_core.adapters.sql.databases import among, raw_batches
from crispml_core.adapters.sql.databases.capabilities import SQLITE
from crispml_core.adapters.sql.databases.engine import reading
from crispml_core.adapters.sql.labels import rows
from crispml_core.adapters.sql.labels.store import SqlLabelStore
from crispml_core.adapters.sql.schema.tables import labels as table
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.labels import Label
from crispml_core.domain.scores import score_id

NOW = utc_now()


@pytest.fixture
def labels(engine):
    return SqlLabelStore(engine, clock=lambda: NOW)


@pytest.fixture
def group(ledger, make_group):
    made = make_group("a", "b", "c", created_at=NOW - timedelta(seconds=1))
    ledger.append([made])
    return made


def rows_of(group):
    """Labels of every kind: about a score, a moment, a record; repeated, corrected, too old."""
    common = {"label_time": NOW, "source": "core"}
    return [
        Label(value="bad", score_id=score_id(group.group_id, 0), propensity=0.5, **common),
        Label(value="bad", record_key="b", scored_until=NOW, **common),
        Label(value="bad", record_key="c", **common),
        Label(value="bad", record_key="c", **common),
        Label(value="good", record_key="c", **common),
        Label(value="bad", record_key="c", label_time=NOW - timedelta(days=1)),
        Label(value=0.1 + 0.2, record_key="x", **common),
    ]


def stored(engine):
    """The rows, without the ids that every import makes anew."""
    ids = ("label_id", "import_id", "supersedes", "superseded_by")
    query = table.select().order_by(table.c.row_number)
    with reading(engine) as connection:
        found = [dict(row._mapping) for row in connection.execute(query)]
    return [
        {name: value is not None if name in ids else value for name, value in row.items()}
        for row in found
    ]


def test_the_ways_of_other_databases_store_and_find_the_same(
    engine, ledger, labels, group, monkeypatch
):
    first = labels.add("credit", rows_of(group))
    fast = stored(engine), ledger.with_labels("credit", start=None, end=None)
    with engine.begin() as connection:
        connection.execute(table.delete())
    other = replace(SQLITE, moments_as_text=False, json_lists=False, fetches_as_it_goes=False)
    for module in (rows, among, raw_batches):
        monkeypatch.setattr(module, "capabilities", lambda dialect: other)

    second = labels.add("credit", rows_of(group))

    assert second.verdicts == first.verdicts
    assert len({*first.verdicts}) == 4
    assert stored(engine) == fast[0]
    assert ledger.with_labels("credit", start=None, end=None).equals(fast[1])
    assert fast[1]["label"].to_pylist() == ["bad", "bad", "good"]


def steps_of(engine, read):
    """Return what `read` finds, and the steps of the plans of its statements."""
    statements = []

    def note(_connection, _cursor, statement, parameters, *_):
        statements.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    found = read()
    event.remove(engine, "before_cursor_execute", note)
    with reading(engine) as connection:
        return found, [
            row.detail
            for text, parameters in statements
            if text.startswith("SELECT")
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", parameters)
        ]


def test_a_few_scores_look_up_their_labels_among_many(engine, ledger, labels, group):
    many = [Label(value="bad", label_time=NOW, record_key=f"k{number}") for number in range(100)]
    labels.add("credit", [*rows_of(group), *many])

    found, steps = steps_of(engine, lambda: ledger.with_labels("credit", start=None, end=None))

    assert found["label"].to_pylist() == ["bad", "bad", "good"]
    assert not [step for step in steps if step.startswith(("SCAN labels", "SCAN score"))]
    assert any("INDEX ix_labels_score_id" in step for step in steps)
    assert any("INDEX ix_labels_use_case_record_key (use_case=? AND record" in s for s in steps)
    assert any("INDEX ix_labels_use_case_timed_key (use_case=? AND timed" in s for s in steps)
    assert any(s.startswith("SEARCH score_keys") and "record_key=?" in s for s in steps)


def test_the_labels_of_a_record_are_found_by_its_key(engine, labels, group):
    labels.add("credit", rows_of(group))

    found, steps = steps_of(engine, lambda: labels.find(use_case="credit", record_key="b"))

    assert [label.scored_until for label in found] == [NOW]
    assert any("INDEX ix_labels_use_case_record_key (use_case=? AND record" in s for s in steps)
    assert any("INDEX ix_labels_use_case_timed_key (use_case=? AND timed" in s for s in steps)
