"""Digests of the rows of append-only tables, whose own digests are in the audit log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, func, insert, select

from crispml_core.adapters.sql.audit.log import append_entries
from crispml_core.adapters.sql.audit.readable import moment, raw
from crispml_core.adapters.sql.audit.sealed_tables import SEALED, SealedTable
from crispml_core.adapters.sql.databases.engine import reading
from crispml_core.adapters.sql.databases.portable import total
from crispml_core.adapters.sql.databases.retries import retried
from crispml_core.adapters.sql.schema.tables import audit_seals, prunings, score_groups
from crispml_core.domain.audit import (
    AuditEntry,
    AuditEvent,
    Chunk,
    Seal,
    SealedCounts,
    SealedSoFar,
    SealKind,
)
from crispml_core.governance.audit_seals import packed, unpacked

_IN_LIST = 500
_PAGE = 5_000
_SEAL_PAGE = 20
_columns = audit_seals.c
_SEALS = select(*(c for c in _columns if c.name != "sealed_at"), raw(_columns.sealed_at))


class _OvertakenError(Exception):
    """Raised inside this module when another process kept a seal of this number."""


class SqlSeals:
    """Seals in a SQL database; see `crispml_core.ports.audit_log.Seals`.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def tables(self) -> Sequence[str]:
        """Names of the tables that are sealed."""
        return tuple(SEALED)

    @retried
    def so_far(self, table: str) -> SealedSoFar:
        """Return how far a table is sealed."""
        of_table = _columns.table_name == table
        number = select(func.max(_columns.seal_number)).where(of_table)
        key = (
            select(_columns.last_key)
            .where(of_table, _columns.kind == SealKind.ROWS.value)
            .order_by(_columns.seal_number.desc())
            .limit(1)
        )
        with reading(self._engine) as connection:
            return SealedSoFar(
                last_number=connection.execute(number).scalar_one() or 0,
                last_key=connection.execute(key).scalar_one_or_none(),
            )

    @retried
    def counts(self, table: str) -> SealedCounts:
        """Return the numbers of rows of a table."""
        sealed = select(total(_columns.row_count)).where(_columns.table_name == table)
        gone = select(total(prunings.c.row_count)).where(prunings.c.table_name == table)
        stored = _where(select(func.count()), SEALED[table])
        with reading(self._engine) as connection:
            return SealedCounts(
                sealed=int(connection.execute(sealed).scalar_one() or 0),
                pruned=int(connection.execute(gone).scalar_one() or 0),
                stored=connection.execute(stored).scalar_one(),
            )

    @retried
    def unsealed(self, table: str, after: str | None, limit: int) -> Chunk:
        """Return rows whose key is higher than that of `after`, in the order of their keys."""
        sealed = SEALED[table]
        query = _where(select(*sealed.selected), sealed).order_by(*sealed.key).limit(limit)
        if after is not None:
            query = query.where(sealed.after(after))
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return _chunk(sealed, SealKind.ROWS, rows)

    @retried
    def late(self, table: str, limit: int) -> Chunk:
        """Return rows without a seal whose key is not higher than that of the last sealed one."""
        sealed, keys = SEALED[table], []
        for key in self._late_keys(sealed):
            keys.append(key)
            if len(keys) == limit:
                break
        digests = self.digests(table, keys)
        there = [key for key in keys if key in digests]
        return Chunk(
            table=table,
            kind=SealKind.LATE,
            keys=tuple(there),
            digests=tuple(digests[key] for key in there),
        )

    def keep(self, chunks: Sequence[Chunk], event: AuditEvent) -> AuditEntry | None:
        """Keep the seals of some chunks and an entry with their digests, in one transaction."""
        numbers = [seal["number"] for seal in event.detail["seals"]]

        def also(connection: Connection, entries: Sequence[AuditEntry]) -> None:
            rows = [
                {
                    "table_name": chunk.table,
                    "seal_number": number,
                    "kind": chunk.kind.value,
                    "first_key": chunk.keys[0],
                    "last_key": chunk.keys[-1],
                    "row_count": len(chunk.keys),
                    "audit_sequence": entries[0].sequence,
                    "sealed_at": event.occurred_at,
                    "row_digests": packed(chunk),
                }
                for chunk, number in zip(chunks, numbers, strict=True)
            ]
            for row in rows:
                taken = select(func.count()).where(
                    _columns.table_name == row["table_name"],
                    _columns.seal_number >= row["seal_number"],
                )
                if connection.execute(taken).scalar_one():
                    raise _OvertakenError
            connection.execute(insert(audit_seals), rows)

        try:
            return append_entries(self._engine, [event], also)[0]
        except _OvertakenError:
            return None

    @retried
    def seals(self, table: str, after: int, limit: int) -> Sequence[Seal | int]:
        """Return seals of higher numbers, the lowest first; just its number if one is broken."""
        query = _SEALS.where(_columns.table_name == table, _columns.seal_number > after)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(_columns.seal_number).limit(limit))
            return [_seal(row) for row in rows]

    @retried
    def digests(self, table: str, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the digest of each row that is there now, by its key."""
        sealed, found = SEALED[table], {}
        # By the primary key alone: what else is in a key of a seal may have been altered.
        asked = {sealed.place_of(key): key for key in keys}
        with reading(self._engine) as connection:
            for start in range(0, len(keys), _IN_LIST):
                for these in sealed.among(keys[start : start + _IN_LIST]):
                    query = _where(select(*sealed.selected), sealed).where(these)
                    for row in connection.execute(query):
                        found[asked[tuple(row[: len(sealed.key)])]] = sealed.digest_of(row)
        return found

    @retried
    def groups(self, after: tuple[str, int], limit: int) -> Sequence[tuple[str, int, str]]:
        """Return score groups behind a writer and sequence: writer, sequence and group id."""
        groups, (writer_id, sequence) = score_groups.c, after
        query = select(groups.writer_id, groups.sequence, groups.group_id).order_by(
            groups.writer_id, groups.sequence
        )
        # Two queries instead of one with OR, which reads a writer from its beginning each time.
        parts = (
            query.where(groups.writer_id == writer_id, groups.sequence > sequence),
            query.where(groups.writer_id > writer_id),
        )
        found: list[tuple[str, int, str]] = []
        with reading(self._engine) as connection:
            for part in parts:
                if len(found) < limit:
                    rows = connection.execute(part.limit(limit - len(found)))
                    found += [(row[0], row[1], row[2]) for row in rows]
        return found

    def _late_keys(self, sealed: SealedTable) -> Iterator[str]:
        """Yield the keys of rows between those that were sealed in order, and in no seal.

        From the newest seal back, for what comes late is seldom very late. A late row that is
        sealed has its seal behind the one that it was too late for, and is known when that comes.
        """
        late: set[str] = set()
        newer: Chunk | None = None
        for chunk in self._newest_first(sealed.name):
            if chunk.kind is SealKind.LATE:
                late.update(chunk.keys)
            elif chunk.kind is SealKind.ROWS:
                if newer is not None:
                    yield from self._unknown(sealed, chunk.keys[-1], newer, late)
                newer = chunk
        if newer is not None:
            yield from self._unknown(sealed, None, newer, late)

    def _unknown(
        self, sealed: SealedTable, after: str | None, chunk: Chunk, late: set[str]
    ) -> Iterator[str]:
        """Yield the keys up to the last one of a chunk that are neither in it nor late ones."""
        own, last = set(chunk.keys), chunk.keys[-1]
        while True:
            page = self._keys_between(sealed, after, last)
            yield from (key for key in page if key not in own and key not in late)
            if len(page) < _PAGE:
                break
            after = page[-1]

    @retried
    def _keys_between(self, sealed: SealedTable, after: str | None, last: str) -> list[str]:
        query = _where(select(*sealed.named), sealed).where(sealed.is_not_after(last))
        if after is not None:
            query = query.where(sealed.after(after))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(*sealed.key).limit(_PAGE))
            return [sealed.key_of(row) for row in rows]

    def _newest_first(self, table: str) -> Iterator[Chunk]:
        before = self.so_far(table).last_number + 1
        while page := self._seals_before(table, before):
            yield from (seal.chunk for seal in page if isinstance(seal, Seal))
            before = _number(page[-1])

    @retried
    def _seals_before(self, table: str, before: int) -> list[Seal | int]:
        query = _SEALS.where(_columns.table_name == table, _columns.seal_number < before)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(_columns.seal_number.desc()).limit(_SEAL_PAGE))
            return [_seal(row) for row in rows]


def _where(query: Select[Any], sealed: SealedTable) -> Select[Any]:
    """Let a query ask for the rows of a sealed table."""
    query = query.select_from(sealed.table)
    return query if sealed.where is None else query.where(sealed.where)


def _chunk(sealed: SealedTable, kind: SealKind, rows: Sequence[Row[Any]]) -> Chunk:
    return Chunk(
        table=sealed.name,
        kind=kind,
        keys=tuple(sealed.key_of(row) for row in rows),
        digests=tuple(sealed.digest_of(row) for row in rows),
    )


def _seal(row: Row[Any]) -> Seal | int:
    known = row.kind in {kind.value for kind in SealKind}
    chunk = unpacked(row.table_name, SealKind(row.kind), row.row_digests) if known else None
    if (
        chunk is None
        or len(chunk.keys) != row.row_count
        or (row.first_key, row.last_key) != (chunk.keys[0], chunk.keys[-1])
    ):
        return int(row.seal_number)
    return Seal(
        chunk=chunk,
        number=row.seal_number,
        audit_sequence=row.audit_sequence,
        sealed_at=moment(row.sealed_at_raw),
    )


def _number(seal: Seal | int) -> int:
    return seal if isinstance(seal, int) else seal.number
