from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from benchmarks.harness.ledger import Account, LedgerProof, ScoresLost, stored_rows


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "crispml.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE scores (score_id TEXT, record_key TEXT)")
        connection.executemany("INSERT INTO scores VALUES (?, ?)", [("s1", "A-1"), ("s2", "A-2")])
    connection.close()
    return file


@pytest.mark.parametrize(
    ("acknowledged", "stored", "cut", "holds"),
    [
        (100, 100, 0, True),
        (100, 103, 3, True),
        (100, 104, 3, False),
        (100, 99, 3, False),
    ],
)
def test_an_account_holds_only_acknowledged_and_cut_rows(
    acknowledged: int, stored: int, cut: int, holds: bool
) -> None:
    assert Account(acknowledged, stored, cut).holds is holds


def test_loads_of_one_ledger_add_up(tmp_path: Path) -> None:
    proof = LedgerProof()
    proof.add(tmp_path / "a.db", acknowledged=10, stored=12, cut=4)
    proof.add(tmp_path / "a.db", acknowledged=5, stored=18, cut=4)
    proof.add(tmp_path / "b.db", acknowledged=7, stored=7, cut=0)
    found = proof.to_dict()
    assert (found["acknowledged"], found["stored"], found["cut"]) == (22, 25, 8)
    assert found["holds"] is True


def test_one_lost_row_is_not_hidden_by_a_surplus_elsewhere(tmp_path: Path) -> None:
    proof = LedgerProof()
    proof.add(tmp_path / "a.db", acknowledged=10, stored=14, cut=4)
    with pytest.raises(ScoresLost, match="10 rows were acknowledged and 9 are stored"):
        proof.add(tmp_path / "b.db", acknowledged=10, stored=9, cut=4)
    assert proof.to_dict()["holds"] is False


def test_the_rows_of_a_database_are_counted(database: Path) -> None:
    assert stored_rows(database) == 2


def test_every_acknowledged_score_is_looked_for_with_its_record(
    database: Path, tmp_path: Path
) -> None:
    told, proof = tmp_path / "told.txt", LedgerProof()
    told.write_text("s1 A-1\ns2 A-2\n")
    proof.check(told, database)
    assert (proof.checked, proof.missing) == (2, 0)


@pytest.mark.parametrize("line", ["s3 A-1", "s1 A-2", "none none"])
def test_a_score_with_another_id_or_record_is_lost(
    database: Path, tmp_path: Path, line: str
) -> None:
    told, proof = tmp_path / "told.txt", LedgerProof()
    told.write_text(f"s2 A-2\n{line}\n")
    with pytest.raises(ScoresLost, match="1 of 2"):
        proof.check(told, database)
    assert proof.to_dict()["holds"] is False


def test_the_same_score_answered_twice_counts_as_lost(database: Path, tmp_path: Path) -> None:
    told = tmp_path / "told.txt"
    told.write_text("s1 A-1\ns1 A-1\n")
    with pytest.raises(ScoresLost, match="1 of 2"):
        LedgerProof().check(told, database)
