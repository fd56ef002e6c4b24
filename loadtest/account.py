"""The scores that clients were told beside those that the ledger holds, in bounded memory.

Both lie in a file of SQLite that is removed afterwards: 100,000 scores take 10 MB of disk there,
and of memory no more than the cache of SQLite.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from uuid import UUID

_CACHE_KIB = 16 * 1024
_SCHEMA = """
CREATE TABLE told (score_id BLOB PRIMARY KEY, value BLOB, times INTEGER) WITHOUT ROWID;
CREATE TABLE held (score_id BLOB PRIMARY KEY, record_key BLOB, value BLOB, times INTEGER)
  WITHOUT ROWID;
"""
_TELL = """
INSERT INTO told VALUES (?, ?, 1) ON CONFLICT (score_id) DO UPDATE SET times = times + 1
"""
_HOLD = """
INSERT INTO held VALUES (?, ?, ?, 1) ON CONFLICT (score_id) DO UPDATE SET times = times + 1
"""
_FACTS = {
    "acknowledged": "SELECT coalesce(sum(times), 0) FROM told",
    # Found, once, and with the value that was told once.
    "in_ledger": """
        SELECT count(*) FROM told JOIN held USING (score_id)
        WHERE told.value = held.value AND told.times = 1 AND held.times = 1""",
    "missing": """
        SELECT count(*) FROM told LEFT JOIN held USING (score_id) WHERE held.score_id IS NULL""",
    "different": """
        SELECT count(*) FROM told JOIN held USING (score_id) WHERE told.value <> held.value""",
    "told_twice": "SELECT coalesce(sum(times - 1), 0) FROM told",
    # Of each record that somebody was told of, whatever the ledger holds beside the first score.
    "doubled": """
        SELECT coalesce(sum(n - 1), 0) FROM (
          SELECT sum(times) AS n FROM held WHERE record_key IN (
            SELECT record_key FROM told JOIN held USING (score_id))
          GROUP BY record_key)""",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What clients were told, and what became of it.

    Parameters
    ----------
    acknowledged : int
        Scores that clients were told.
    in_ledger : int
        Those that the ledger holds exactly once, with the value that was told.
    missing : int
        Those that it does not hold.
    different : int
        Those that it holds with another value.
    told_twice : int
        Answers that named the score of another answer.
    doubled : int
        Scores that it holds beside the first one of a record; no two requests of a load have the
        same record key.
    """

    acknowledged: int
    in_ledger: int
    missing: int
    different: int
    told_twice: int
    doubled: int


class Account:
    """Compares what was told with what is held.

    Parameters
    ----------
    file : Path
        A new file; it is removed on exit.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> Account:
        self._connection = sqlite3.connect(self._file, isolation_level=None)
        # It is thrown away, so nothing of it has to survive anything.
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._connection.executescript(_SCHEMA)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()
        self._file.unlink(missing_ok=True)

    def tell(self, scores: Iterable[tuple[bytes, bytes]]) -> None:
        """Take scores that clients were told: id and digest of the value."""
        self._insert(_TELL, scores)

    def hold(self, scores: Iterable[tuple[bytes, bytes, bytes]]) -> None:
        """Take scores of the ledger: id, digests of record key and value."""
        self._insert(_HOLD, scores)

    def forget_ledger(self) -> None:
        """Forget what the ledger held, before it is read again."""
        self._connection.execute("DELETE FROM held")

    def compare(self) -> Comparison:
        """Return what became of the scores that were told."""
        found = {
            name: int(self._connection.execute(query).fetchone()[0])
            for name, query in _FACTS.items()
        }
        return Comparison(**found)

    def span(self) -> tuple[UUID, UUID] | None:
        """Return the first and the last id that was told; ids begin with their time."""
        first, last = self._connection.execute(
            "SELECT min(score_id), max(score_id) FROM told"
        ).fetchone()
        return None if first is None else (UUID(bytes=first), UUID(bytes=last))

    def _insert(self, statement: str, rows: Iterable[tuple[bytes, ...]]) -> None:
        self._connection.execute("BEGIN")
        self._connection.executemany(statement, rows)
        self._connection.execute("COMMIT")
