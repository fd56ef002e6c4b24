"""Where it is kept who did what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crispml_core.domain.audit import (
    AuditEntry,
    AuditEvent,
    AuditHead,
    AuditQuery,
    Chunk,
    Seal,
    SealedCounts,
    SealedSoFar,
    SignedHead,
)


class AuditLog(Protocol):
    """One append-only chain of entries for all processes; see `governance.audit_chain`."""

    def append(self, events: Sequence[AuditEvent]) -> Sequence[AuditEntry]:
        """Keep events as the next entries of the chain, in one transaction; durable on return.

        Raises
        ------
        StoreUnavailable
            If the store does not answer.
        """
        ...

    def head(self) -> AuditHead:
        """Return where the chain ends."""
        ...

    def entries(self, query: AuditQuery, limit: int) -> Sequence[AuditEntry]:
        """Return entries by their sequence, the oldest first unless the query says otherwise.

        A row that cannot be read is returned as an entry that its digest does not fit.
        """
        ...

    def at(self, sequences: Sequence[int]) -> Sequence[AuditEntry]:
        """Return the entries of some sequences, as far as there are any."""
        ...

    def keep_head(self, head: SignedHead) -> bool:
        """Keep a signed head; False if another process kept one of the same sequence before."""
        ...

    def heads(self, after: int, limit: int, *, newest_first: bool = False) -> Sequence[SignedHead]:
        """Return signed heads behind a sequence in the order that is wanted; 0 begins with all."""
        ...

    def last_head(self) -> SignedHead | None:
        """Return the signed head of the highest sequence."""
        ...


class Seals(Protocol):
    """Digests of the rows of append-only tables, which the audit log vouches for."""

    @property
    def tables(self) -> Sequence[str]:
        """Names of the tables that are sealed."""
        ...

    def so_far(self, table: str) -> SealedSoFar:
        """Return how far a table is sealed; asks no more of a large table than of a small one."""
        ...

    def counts(self, table: str) -> SealedCounts:
        """Return the numbers of rows of a table. Counts every row."""
        ...

    def unsealed(self, table: str, after: str | None, limit: int) -> Chunk:
        """Return rows whose key is higher than that of `after`, in the order of their keys."""
        ...

    def late(self, table: str, limit: int) -> Chunk:
        """Return rows without a seal whose key is not higher than that of the last sealed one.

        Begins with the newest seals and ends after `limit` rows: who asks for as many as there are
        reads the keys behind the oldest of them, and who asks for more reads all.
        """
        ...

    def keep(self, chunks: Sequence[Chunk], event: AuditEvent) -> AuditEntry | None:
        """Keep the seals of some chunks and an entry with their digests, in one transaction.

        Returns
        -------
        AuditEntry or None
            None if another process sealed one of the tables meanwhile; then nothing is kept.
        """
        ...

    def seals(self, table: str, after: int, limit: int) -> Sequence[Seal | int]:
        """Return seals of higher numbers, the lowest first; just its number if one is broken."""
        ...

    def groups(self, after: tuple[str, int], limit: int) -> Sequence[tuple[str, int, str]]:
        """Return score groups behind a writer and sequence: writer, sequence and group id."""
        ...

    def digests(self, table: str, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the digest of each row that is there now, by its key."""
        ...
