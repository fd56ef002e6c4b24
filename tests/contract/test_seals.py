"""Whatever somebody does to a row of an append-only table by SQL is named."""

from __future__ import annotations

import shutil
from datetime import timedelta
from functools import cache

import pytest
from sqlalchemy import delete, event, insert, make_url, text, update

from crispml_core.adapters.sql.audit.sealed_tables import SEALED
from crispml_core.adapters.sql.schema.tables import (
    audit_entries,
    audit_heads,
    audit_seals,
    metadata,
)
from crispml_core.domain.audit import AuditEvent, AuditHead
from crispml_core.domain.retention import Retained, RetentionRule
from tests.contract.sealed_database import NOON, OWN, ROWS, Database, fill, value_of

pytestmark = pytest.mark.needs("tables")


@pytest.fixture(scope="module")
def sealed(tmp_path_factory, empty):
    """An SQLite file as `fill` leaves it, made once: a test takes a copy."""

    @cache
    def made():
        file = shutil.copy(empty("sqlite"), tmp_path_factory.mktemp("sealed") / "sealed.db")
        database = Database(f"sqlite:///{file}")
        fill(database)
        database.engine.dispose()
        return file

    return made


@pytest.fixture
def database(stores, sealed):
    made = Database(stores.url)
    url = make_url(stores.url)
    if url.get_backend_name() == "sqlite":
        shutil.copy(sealed(), url.database)
    else:
        fill(made)
    yield made
    made.engine.dispose()


def other_than(column, value):
    """Return another value that the column takes: of a reference one that is there."""
    made = [value_of(column, n) for n in range(ROWS if column.foreign_keys else ROWS + 2)]
    return next(other for other in reversed(made) if other != value)


def where_of(table, row):
    return [column == row[column.name] for column in table.primary_key.columns]


def test_what_nobody_touched_is_whole(database):
    found = list(database.verification.run())

    assert [one for one in found if one.fault is not None] == []
    rows = {one.what: one.rows for one in found}
    assert {"audit_entries", "audit_heads.signature", *SEALED} == {*rows}
    assert len(rows) == len(found)
    assert rows["audit_entries"] == 6
    assert {rows[name] for name in set(SEALED) - OWN} == {ROWS}
    # The heads have no seal before something else has to be sealed too.
    assert [(one.what, one.unsealed) for one in found if one.unsealed] == [("audit_heads", 2)]


@pytest.mark.needs("speed")
@pytest.mark.parametrize("name", sorted(set(SEALED) - OWN))
def test_every_column_of_every_sealed_row_is_watched(database, name):
    sealed = SEALED[name]
    row = database.rows(sealed.table)[1]
    key = {column.name for column in sealed.key}
    for column in sealed.columns:
        if column.name in key:
            continue
        value = row[column.name]
        change = {column.name: other_than(column, value)}
        database.execute(update(sealed.table).where(*where_of(sealed.table, row)).values(change))

        faults = database.faults(name)

        assert [fault for _, fault in faults] == ["it was altered"], column.name
        assert faults[0][0].startswith(f"{name} {row[sealed.key[0].name]}"), column.name
        back = {column.name: value}
        database.execute(update(sealed.table).where(*where_of(sealed.table, row)).values(back))
    assert database.faults(name) == []


@pytest.mark.needs("speed")
@pytest.mark.parametrize("name", sorted({sealed.table.name for sealed in SEALED.values()} - OWN))
def test_a_row_that_was_deleted_is_named(database, name):
    table = SEALED[name].table
    row = database.rows(table)[1]
    if name == "label_imports":
        # Its labels would not let it go.
        database.execute(delete(metadata.tables["labels"]))
    database.execute(delete(table).where(*where_of(table, row)))

    (where, fault), *_ = database.faults(name)

    assert where.startswith(f"{name} {row[SEALED[name].key[0].name]}")
    assert fault == "it is missing"


@pytest.mark.needs("speed")
@pytest.mark.parametrize("sequence", [2, 6])
def test_every_column_of_every_entry_is_watched(database, sequence):
    this = audit_entries.c.sequence == sequence
    row = database.rows(audit_entries)[sequence - 1]
    for column in audit_entries.columns:
        if not column.primary_key:
            change = {column.name: other_than(column, row[column.name])}
            database.execute(update(audit_entries).where(this).values(change))
            assert database.faults("labels")[0][0] == f"audit_entries {sequence}", column.name
            back = {column.name: row[column.name]}
            database.execute(update(audit_entries).where(this).values(back))
    assert database.faults("labels") == []


def test_an_entry_that_was_deleted_is_named(database):
    for row in database.rows(audit_entries)[:5]:
        database.execute(delete(audit_entries).where(audit_entries.c.sequence == row["sequence"]))
        expected = (f"audit_entries {row['sequence']}", "it is missing")
        assert database.faults("labels")[0] == expected
        database.execute(insert(audit_entries).values(row))
    assert database.faults("labels") == []


@pytest.mark.needs("speed")
def test_entries_that_changed_their_places_are_named(database):
    sequence = audit_entries.c.sequence
    for before, after in ((2, 99), (3, 2), (99, 3)):
        database.execute(update(audit_entries).where(sequence == before).values(sequence=after))
    assert database.faults("labels")[0][0] == "audit_entries 2"


def test_an_end_that_was_cut_off_is_missed_by_the_signed_head(database):
    database.execute(delete(audit_entries).where(audit_entries.c.sequence == 6))
    (where, fault), *_ = database.faults("labels")
    assert (where, fault) == (
        "audit_heads 6",
        "the entry that was signed is missing: the chain ends at 5",
    )


@pytest.mark.needs("speed")
def test_an_end_that_was_cut_off_with_its_heads_is_missed_by_whoever_kept_one(database):
    kept = database.log.head()
    for table in (audit_entries, audit_heads):
        database.execute(delete(table).where(table.c.sequence >= 6))
    assert database.faults("labels") == []
    assert database.faults("labels", held=[kept])[0][0] == "audit_entries 6"
    assert database.faults("labels", held=[AuditHead(3, bytes(32))])[0][0] == "audit_entries 3"


def test_a_chain_that_was_made_again_contradicts_the_signed_head(database):
    kept = [row.event for row in database.log.at([1, 2, 3, 4, 5, 6])]
    database.execute(delete(audit_entries))
    database.log.append([AuditEvent(actor="eve", action="other"), *kept[1:]])

    assert database.faults("reports")[0] == (
        "audit_heads 5",
        "the entry that was signed had another digest",
    )


@pytest.mark.needs("speed")
def test_every_column_of_a_signed_head_is_watched(database):
    row = database.rows(audit_heads)[0]
    this = audit_heads.c.sequence == row["sequence"]
    others = {"digest": b"\x07" * 32, "key_id": "z" * 64, "signature": "00" * 64}
    for name, value in others.items():
        database.execute(update(audit_heads).where(this).values({name: value}))
        assert database.faults("labels")[0][0] == f"audit_heads {row['sequence']}", name
        database.execute(update(audit_heads).where(this).values({name: row[name]}))
    assert database.faults("labels") == []


@pytest.mark.needs("moments_as_text")
def test_what_is_nonsense_now_is_named_too(database):
    for table, column in ((audit_entries, "detail"), (audit_entries, "digest")):
        row = database.rows(table)[1]
        database.execute(text(f"UPDATE {table.name} SET {column} = 'x' WHERE sequence = 2"))
        assert database.faults("labels")[0][0] == "audit_entries 2"
        this = table.c.sequence == 2
        database.execute(update(table).where(this).values({column: row[column]}))
    database.execute(text("UPDATE labels SET received_at = 'never' WHERE label_id = 'label_id1'"))
    assert database.faults("labels") == [("labels label_id1", "it was altered")]


@pytest.mark.needs("speed")
def test_every_column_of_a_seal_is_watched(database):
    this = (audit_seals.c.table_name == "labels", audit_seals.c.seal_number == 1)
    row = next(row for row in database.rows(audit_seals) if row["table_name"] == "labels")
    for column in audit_seals.columns:
        if not column.primary_key:
            change = {column.name: other_than(column, row[column.name])}
            database.execute(update(audit_seals).where(*this).values(change))
            assert database.faults("labels")[0][0] == "audit_seals labels/1", column.name
            back = {column.name: row[column.name]}
            database.execute(update(audit_seals).where(*this).values(back))
    assert database.faults("labels") == []


@pytest.mark.needs("speed")
def test_a_seal_that_was_deleted_is_named(database):
    database.execute(delete(audit_seals).where(audit_seals.c.table_name == "labels"))
    assert database.faults("labels") == [("audit_seals labels/1", "it is missing")]


def test_rows_that_come_between_are_sealed_too(database):
    table = SEALED["alias_events"].table
    late = {c.name: value_of(c, 1) for c in table.columns} | {"model": "a-model", "sequence": 1}
    database.execute(insert(table).values(late))
    (before,) = list(database.verification.run(tables=["alias_events"]))[2:]
    assert (before.rows, before.unsealed) == (ROWS, 1)

    assert database.keeper().seal() >= 1

    (after,) = list(database.verification.run(tables=["alias_events"]))[2:]
    assert (after.rows, after.unsealed, after.fault) == (ROWS + 1, 0, None)
    database.execute(update(table).where(table.c.model == "a-model").values(version="v9"))
    assert database.faults("alias_events") == [("alias_events a-model/1", "it was altered")]
    assert database.keeper().seal() == 0, "what was altered is not sealed again"


def test_a_late_row_is_found_without_the_keys_of_all_that_was_sealed_before(database):
    table = SEALED["dataset_notes"].table
    row = {c.name: value_of(c, 1) for c in table.columns}
    for sequence in range(10, 100, 10):
        database.execute(insert(table).values(row | {"dataset_id": "z", "sequence": sequence}))
        database.keeper().seal()
    sent = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: sent.append(args[2]))

    for late in (75, 85, 15):
        database.execute(insert(table).values(row | {"dataset_id": "z", "sequence": late}))
        sent.clear()
        chunk = database.seals.late("dataset_notes", 1)
        assert chunk.keys == (f'["z",{late}]',)
        read = [sql for sql in sent if "dataset_notes" in sql.split("WHERE")[0]]
        assert (len(read) < 5) == (late > 15)
        assert database.keeper().seal() > 0
    assert database.faults("dataset_notes") == []
    assert database.seals.counts("dataset_notes").surplus == 0


def test_what_a_rule_of_retention_deleted_is_no_fault(database):
    table = SEALED["serving_events"].table
    row = database.rows(table)[0]
    for number in (1, 2):
        event_id = f"00000000-0000-7000-8000-00000000000{number}"
        database.execute(insert(table).values(row | {"event_id": event_id}))
    database.keeper().keep()
    rule = RetentionRule(table=Retained.SERVING_EVENTS, days=1)
    pruning = database.retention.prune(rule, NOON + timedelta(days=9), at=NOON, limit=2)
    assert pruning.rows == 2
    assert len(database.rows(table)) == ROWS
    database.keeper().keep()

    *_, found = database.verification.run(tables=["serving_events"])
    assert (found.fault, found.rows, found.pruned, found.unsealed) == (None, ROWS, 2, 0)

    database.execute(delete(table).where(table.c.event_id == row["event_id"]))
    assert database.faults("serving_events")[0][1] == "it is missing"


def test_two_keepers_at_once_seal_each_row_once(database):
    table = SEALED["dataset_notes"].table
    row = {c.name: value_of(c, 1) for c in table.columns}
    for number in range(50):
        database.execute(insert(table).values(row | {"dataset_id": "z", "sequence": number}))
    chunk = database.seals.unsealed("dataset_notes", None, 2)
    first, second = database.keeper(), database.keeper()
    batch = first._batch(["dataset_notes"])
    assert second.seal() > 50
    assert not first._keep(batch, "keeper"), "another one was faster"
    assert first.seal() == 0
    assert len(chunk.keys) == 2
    assert database.faults("dataset_notes") == []


def test_a_broken_chain_is_never_signed_again(database):
    database.log.append([AuditEvent(actor="key:ann", action="more")])
    database.execute(
        update(audit_entries).where(audit_entries.c.sequence == 7).values(actor="key:eve")
    )
    keeper = database.keeper()
    assert keeper.sign() is None
    assert keeper.fault.where == "audit_entries 7"
    assert database.log.last_head().sequence == 6
