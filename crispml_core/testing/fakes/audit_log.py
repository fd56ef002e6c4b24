"""The audit log and its seals in memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TypeVar

from crispml_core.domain.audit import (
    AuditEntry,
    AuditEvent,
    AuditHead,
    AuditQuery,
    Chunk,
    Seal,
    SealedCounts,
    SealedSoFar,
    SealKind,
    SignedHead,
)
from crispml_core.domain.errors import StoreUnavailable
from crispml_core.governance.audit_chain import chained

_Numbered = TypeVar("_Numbered", AuditEntry, SignedHead)


class FakeAuditLog:
    """The chain in a list; see `crispml_core.ports.audit_log.AuditLog`.

    Parameters
    ----------
    is_away : bool
        Whether the store does not answer; may be set at any time.
    """

    def __init__(self, *, is_away: bool = False) -> None:
        self.kept: list[AuditEntry] = []
        self.signed: list[SignedHead] = []
        self.is_away = is_away
        self._lock = threading.Lock()

    def append(self, events: Sequence[AuditEvent]) -> Sequence[AuditEntry]:
        """Keep events as the next entries of the chain."""
        with self._lock:
            self._check()
            entries = chained(events, self.head())
            self.kept += entries
        return entries

    def head(self) -> AuditHead:
        """Return where the chain ends."""
        self._check()
        if not self.kept:
            return AuditHead()
        return AuditHead(self.kept[-1].sequence, self.kept[-1].digest)

    def entries(self, query: AuditQuery, limit: int) -> Sequence[AuditEntry]:
        """Return entries by their sequence, the oldest first unless the query says otherwise."""
        self._check()
        kept = _behind(self.kept, query.after, query.newest_first)
        return [entry for entry in kept if _is_wanted(entry, query)][:limit]

    def at(self, sequences: Sequence[int]) -> Sequence[AuditEntry]:
        """Return the entries of some sequences, as far as there are any."""
        self._check()
        return [entry for entry in self.kept if entry.sequence in set(sequences)]

    def keep_head(self, head: SignedHead) -> bool:
        """Keep a signed head; False if another process kept one of the same sequence before."""
        self._check()
        if any(known.sequence == head.sequence for known in self.signed):
            return False
        self.signed.append(head)
        return True

    def heads(self, after: int, limit: int, *, newest_first: bool = False) -> Sequence[SignedHead]:
        """Return signed heads behind a sequence in the order that is wanted; 0 begins with all."""
        self._check()
        return _behind(self.signed, after, newest_first)[:limit]

    def last_head(self) -> SignedHead | None:
        """Return the signed head of the highest sequence."""
        self._check()
        return max(self.signed, key=lambda head: head.sequence, default=None)

    def _check(self) -> None:
        if self.is_away:
            raise StoreUnavailable("the database does not answer")


class FakeSeals:
    """Seals over tables that are dictionaries; see `crispml_core.ports.audit_log.Seals`.

    Parameters
    ----------
    log : FakeAuditLog
        Gets the entries.
    rows : mapping
        By table, the digest of each row by its key; may be changed at any time.
    """

    def __init__(
        self, log: FakeAuditLog, rows: Mapping[str, dict[str, bytes]] | None = None
    ) -> None:
        self.rows = dict(rows or {})
        self.kept: dict[str, list[Seal]] = {}
        self.pruned: dict[str, int] = {}
        self._log = log

    @property
    def tables(self) -> Sequence[str]:
        """Names of the tables that are sealed."""
        return tuple(self.rows)

    def so_far(self, table: str) -> SealedSoFar:
        """Return how far a table is sealed."""
        seals = self.kept.get(table, [])
        in_order = [seal for seal in seals if seal.chunk.kind is SealKind.ROWS]
        return SealedSoFar(
            last_number=len(seals),
            last_key=in_order[-1].chunk.keys[-1] if in_order else None,
        )

    def counts(self, table: str) -> SealedCounts:
        """Return the numbers of rows of a table."""
        seals = self.kept.get(table, [])
        return SealedCounts(
            sealed=sum(len(seal.chunk.keys) for seal in seals),
            pruned=self.pruned.get(table, 0),
            stored=len(self.rows[table]),
        )

    def unsealed(self, table: str, after: str | None, limit: int) -> Chunk:
        """Return rows whose key is higher than that of `after`, in the order of their keys."""
        keys = sorted(key for key in self.rows[table] if after is None or key > after)
        return self._chunk(table, SealKind.ROWS, keys[:limit])

    def late(self, table: str, limit: int) -> Chunk:
        """Return rows without a seal whose key is not higher than that of the last sealed one."""
        last = self.so_far(table).last_key or ""
        known = {key for seal in self.kept.get(table, []) for key in seal.chunk.keys}
        keys = sorted(key for key in self.rows[table] if key <= last and key not in known)
        return self._chunk(table, SealKind.LATE, keys[:limit])

    def keep(self, chunks: Sequence[Chunk], event: AuditEvent) -> AuditEntry | None:
        """Keep the seals of some chunks and an entry with their digests, in one transaction."""
        numbers = [seal["number"] for seal in event.detail["seals"]]
        for chunk, number in zip(chunks, numbers, strict=True):
            if number <= len(self.kept.get(chunk.table, [])):
                return None
        entry = self._log.append([event])[0]
        for chunk, number in zip(chunks, numbers, strict=True):
            self.kept.setdefault(chunk.table, []).append(
                Seal(
                    chunk=chunk,
                    number=number,
                    audit_sequence=entry.sequence,
                    sealed_at=event.occurred_at,
                )
            )
        return entry

    def seals(self, table: str, after: int, limit: int) -> Sequence[Seal | int]:
        """Return seals of higher numbers, the lowest first."""
        return [seal for seal in self.kept.get(table, []) if seal.number > after][:limit]

    def digests(self, table: str, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the digest of each row that is there now, by its key."""
        return {key: self.rows[table][key] for key in keys if key in self.rows[table]}

    def groups(self, after: tuple[str, int], limit: int) -> Sequence[tuple[str, int, str]]:
        """Return no score groups: they are in another fake."""
        return []

    def _chunk(self, table: str, kind: SealKind, keys: Sequence[str]) -> Chunk:
        digests = tuple(self.rows[table][key] for key in keys)
        return Chunk(table=table, kind=kind, keys=tuple(keys), digests=digests)


def _behind(rows: Sequence[_Numbered], after: int, newest_first: bool) -> list[_Numbered]:
    found = sorted(rows, key=lambda row: row.sequence, reverse=newest_first)
    if newest_first:
        return [row for row in found if row.sequence < after or not after]
    return [row for row in found if row.sequence > after]


def _is_wanted(entry: AuditEntry, query: AuditQuery) -> bool:
    event = entry.event
    moment = event.occurred_at
    return (
        (query.start is None or moment >= query.start)
        and (query.end is None or moment < query.end)
        and all(
            getattr(query, name) in (None, getattr(event, name))
            for name in ("actor", "action", "use_case")
        )
        and (query.outcome is None or _ended(event.outcome, query.outcome))
    )


def _ended(outcome: str, wanted: str) -> bool:
    if wanted.endswith("xx"):
        return len(outcome) == len(wanted) and outcome.startswith(wanted[:-2])
    return outcome == wanted
