"""The audit log: one chain for all processes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select

from crispml_core.adapters.sql.audit.entries import (
    LAST_ENTRY,
    behind,
    entries_of,
    entries_where,
    entry_of,
    values_of,
)
from crispml_core.adapters.sql.audit.readable import digest, moment, raw
from crispml_core.adapters.sql.databases.dialect_sql import before_audit
from crispml_core.adapters.sql.databases.engine import reading, writing
from crispml_core.adapters.sql.databases.errors import CommitUnknown, ConstraintBroken, Passing
from crispml_core.adapters.sql.databases.retries import Tries, retried, retried_by_key
from crispml_core.adapters.sql.schema.tables import audit_entries, audit_heads
from crispml_core.domain.audit import (
    AuditEntry,
    AuditEvent,
    AuditHead,
    AuditQuery,
    SignedHead,
)
from crispml_core.governance.audit_chain import chained

_IN_LIST = 500
# Who finds its number taken waits so long at most, in seconds, before it looks again.
_PAUSE_S = 0.02
_HEADS = select(
    audit_heads.c.sequence,
    audit_heads.c.key_id,
    audit_heads.c.signature,
    raw(audit_heads.c.digest),
    raw(audit_heads.c.signed_at),
)

Also = Callable[[Connection, Sequence[AuditEntry]], None]


class SqlAuditLog:
    """The chain in a SQL database; see `crispml_core.ports.audit_log.AuditLog`.

    Two processes that append at once compute the same number; the primary key lets one of them in,
    and the other follows on what it finds then.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, events: Sequence[AuditEvent]) -> Sequence[AuditEntry]:
        """Keep events as the next entries of the chain, in one transaction; durable on return."""
        return append_entries(self._engine, events)

    @retried
    def head(self) -> AuditHead:
        """Return where the chain ends."""
        with reading(self._engine) as connection:
            return _head(connection)

    @retried
    def entries(self, query: AuditQuery, limit: int) -> Sequence[AuditEntry]:
        """Return entries by their sequence, the oldest first unless the query says otherwise."""
        with reading(self._engine) as connection:
            rows = connection.execute(entries_where(query).limit(limit))
            return [entry_of(row) for row in rows]

    @retried
    def at(self, sequences: Sequence[int]) -> Sequence[AuditEntry]:
        """Return the entries of some sequences, as far as there are any."""
        wanted, found = sorted(set(sequences)), []
        with reading(self._engine) as connection:
            for start in range(0, len(wanted), _IN_LIST):
                query = entries_of(wanted[start : start + _IN_LIST])
                found += [entry_of(row) for row in connection.execute(query)]
        return found

    @retried_by_key
    def keep_head(self, head: SignedHead) -> bool:
        """Keep a signed head; False if another process kept one of the same sequence before."""
        try:
            with writing(self._engine) as connection:
                connection.execute(
                    insert(audit_heads).values(
                        sequence=head.sequence,
                        digest=head.digest,
                        signed_at=head.signed_at,
                        key_id=head.key_id,
                        signature=head.signature.hex(),
                    )
                )
        except ConstraintBroken:
            return False
        return True

    @retried
    def heads(self, after: int, limit: int, *, newest_first: bool = False) -> Sequence[SignedHead]:
        """Return signed heads behind a sequence in the order that is wanted; 0 begins with all."""
        query = behind(_HEADS, audit_heads.c.sequence, after, newest_first)
        with reading(self._engine) as connection:
            return [_signed(row) for row in connection.execute(query.limit(limit))]

    @retried
    def last_head(self) -> SignedHead | None:
        """Return the signed head of the highest sequence."""
        query = _HEADS.order_by(audit_heads.c.sequence.desc()).limit(1)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _signed(row)


def append_entries(
    engine: Engine, events: Sequence[AuditEvent], also: Also | None = None
) -> list[AuditEntry]:
    """Append to the chain, and do something else in the same transaction.

    When the connection broke during the commit, the chain itself tells whether it was done: the
    place has the digest that was written, or not.

    Parameters
    ----------
    also : callable, optional
        Gets the connection and the entries. Its own broken keys are to be raised as something else
        than `ConstraintBroken`: that is taken for a taken number.
    """
    if not events:
        return []
    tries = Tries(engine)
    entries: list[AuditEntry] = []
    while True:
        try:
            with writing(engine) as connection:
                _be_the_only_one(connection)
                entries = chained(events, _head(connection))
                connection.execute(insert(audit_entries), [values_of(entry) for entry in entries])
                if also is not None:
                    also(connection, entries)
            return entries
        except ConstraintBroken:
            time.sleep(random.uniform(0, _PAUSE_S))  # noqa: S311 - no secret
        except Passing as error:
            tries.again_after(error)
        except CommitUnknown as error:
            if _is_there(engine, entries[-1]):
                return entries
            tries.again_after(error)


def _be_the_only_one(connection: Connection) -> None:
    """Let others that append wait for the end of the transaction, where a database can say so."""
    for statement in before_audit(connection.dialect):
        connection.exec_driver_sql(statement)


@retried
def _is_there(engine: Engine, entry: AuditEntry) -> bool:
    query = select(audit_entries.c.digest).where(audit_entries.c.sequence == entry.sequence)
    with reading(engine) as connection:
        found: bytes | None = connection.execute(query).scalar_one_or_none()
    return found == entry.digest


def _head(connection: Connection) -> AuditHead:
    row = connection.execute(LAST_ENTRY).one_or_none()
    return AuditHead() if row is None else AuditHead(row.sequence, entry_of(row).digest)


def _signed(row: Row[Any]) -> SignedHead:
    return SignedHead(
        sequence=row.sequence,
        digest=digest(row.digest_raw),
        signed_at=moment(row.signed_at_raw),
        key_id=row.key_id,
        signature=digest(row.signature),
    )
