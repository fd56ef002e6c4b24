"""Proof that every acknowledged score is in the ledger, and nothing that was not asked for."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SETTLE_S, _LOOK_S, _STILL_LOOKS = 30.0, 0.1, 5


@dataclass(slots=True)
class Told:
    """What clients were told during one load; see `Account`."""

    acknowledged: int = 0
    cut: int = 0

    def add(self, *, acknowledged: int = 0, cut: int = 0) -> None:
        """Add what one client counted."""
        self.acknowledged += acknowledged
        self.cut += cut


@dataclass(slots=True)
class Account:
    """What clients of one ledger were told, and what it holds.

    Parameters
    ----------
    acknowledged : int
        Rows whose answer a client got.
    stored : int
        Rows in the ledger.
    cut : int
        Requests that may have been on their way when a load ended: their rows may be stored
        although no client got the answer.
    """

    acknowledged: int = 0
    stored: int = 0
    cut: int = 0

    @property
    def holds(self) -> bool:
        """Whether every acknowledged row is stored, and no other but those that were cut."""
        return 0 <= self.stored - self.acknowledged <= self.cut


@dataclass(slots=True)
class LedgerProof:
    """The accounts of all ledgers of a run.

    Parameters
    ----------
    checked, missing : int
        Acknowledged scores that were looked for by id and record key, and those not found.
    """

    accounts: dict[Path, Account] = field(default_factory=dict)
    checked: int = 0
    missing: int = 0
    loads: int = 0

    def add(self, database: Path, *, acknowledged: int, stored: int, cut: int) -> None:
        """Note one load, and all that its ledger holds then.

        Raises
        ------
        ScoresLost
            If the ledger does not add up; it was empty before the first load.
        """
        account = self.accounts.setdefault(database, Account())
        account.acknowledged += acknowledged
        account.cut += cut
        account.stored = stored
        self.loads += 1
        if not account.holds:
            raise ScoresLost(
                f"{account.acknowledged} rows were acknowledged and {stored} are stored, with "
                f"{account.cut} cut off"
            )

    def check(self, file: Path, database: Path) -> None:
        """Look for each score of a file of ids and record keys."""
        told = [tuple(line.split()) for line in file.read_text().splitlines()]
        with _open(database) as connection:
            kept = set(connection.execute("SELECT score_id, record_key FROM scores"))
        lost = len(told) - len(kept.intersection(told))
        self.checked += len(told)
        self.missing += lost
        if lost:
            raise ScoresLost(f"{lost} of {len(told)} acknowledged scores are not in the ledger")

    def to_dict(self) -> dict[str, Any]:
        """Return the sums for the results."""
        every = self.accounts.values()
        return {
            "acknowledged": sum(account.acknowledged for account in every),
            "stored": sum(account.stored for account in every),
            "cut": sum(account.cut for account in every),
            "checked": self.checked,
            "missing": self.missing,
            "loads": self.loads,
            "holds": not self.missing and all(account.holds for account in every),
        }


class ScoresLost(Exception):
    """The ledger does not hold what clients were told."""


def stored_rows(database: Path) -> int:
    """Return how many scores a database holds, once that number stands still."""
    deadline = time.monotonic() + _SETTLE_S
    seen: list[int] = []
    while time.monotonic() < deadline:
        with _open(database) as connection:
            seen.append(int(connection.execute("SELECT COUNT(*) FROM scores").fetchone()[0]))
        if len(set(seen[-_STILL_LOOKS:])) == 1 and len(seen) >= _STILL_LOOKS:
            break
        time.sleep(_LOOK_S)
    return seen[-1]


@contextlib.contextmanager
def _open(database: Path) -> Iterator[sqlite3.Connection]:
    """Open a database for reading, beside the service that writes it."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)
    try:
        yield connection
    finally:
        connection.close()
