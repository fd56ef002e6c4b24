"""Seals tables and signs heads of the chain, from time to time and in bounded steps."""

from __future__ import annotations

import threading
import time

import structlog

from crispml_core.domain.audit import (
    SEAL,
    AuditEvent,
    AuditHead,
    AuditQuery,
    Chunk,
    SealedSoFar,
    SignedHead,
)
from crispml_core.domain.errors import CrispMLError, trace_of
from crispml_core.domain.identifiers import utc_now
from crispml_core.governance.audit_chain import Fault, follow, head_bytes
from crispml_core.governance.audit_seals import seal_digest
from crispml_core.ports.audit_log import AuditLog, Seals
from crispml_core.ports.signer import Signer

# Rows of one transaction: about half a megabyte of digests and keys.
_STEP = 5_000
_PAGE = 1_000
# Of several services one is faster; who was slower looks again, this often.
_ATTEMPTS = 20
HEADS = "audit_heads"
# To count a large table takes seconds: that is done for this share of the time at most.
_LONG_S, _SHARE = 1.0, 0.01

_log = structlog.get_logger("crispml.audit")


class AuditKeeper:
    """Keeps the log provable.

    Several services may keep one log: of two that seal the same rows one finds its number taken,
    and keeps nothing.

    Parameters
    ----------
    log : AuditLog
    seals : Seals
    environment : str
    signer : Signer or None
        None where nothing is signed.
    interval_s : float
        Time between two passes.
    """

    def __init__(
        self,
        log: AuditLog,
        seals: Seals,
        *,
        environment: str,
        signer: Signer | None = None,
        interval_s: float = 60.0,
    ) -> None:
        self._log, self._seals, self._signer = log, seals, signer
        self._environment, self._interval_s = environment, interval_s
        self._followed = AuditHead()
        # Rows that a search for late ones could not explain, so that it is not made again for them.
        self._unexplained: dict[str, int] = {}
        self._count_again: dict[str, float] = {}
        self._unsigned_since: float | None = None
        self.fault: Fault | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="audit-keeper", daemon=True)

    @property
    def unsigned_s(self) -> float:
        """How long entries wait for a signed head; 0 when the newest one has it."""
        since = self._unsigned_since
        return 0.0 if since is None else time.monotonic() - since

    def start(self) -> None:
        """Start keeping."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the step that is being made."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def keep(self) -> int:
        """Seal what has no seal and sign the head; return how many rows were sealed."""
        rows = self.seal()
        self.sign()
        return rows

    def seal(self, actor: str = "keeper") -> int:
        """Seal every row that has no seal yet; return how many."""
        waiting, rows, attempts = list(self._seals.tables), 0, 0
        while waiting and not self._stopping.is_set() and attempts < _ATTEMPTS:
            batch = self._batch(waiting)
            # Each signed head would make a seal, that an entry, and that another signed head.
            if not any(chunk.table != HEADS for _, chunk in batch):
                break
            if self._keep(batch, actor):
                rows += sum(len(chunk.keys) for _, chunk in batch)
            else:
                attempts += 1
        return rows

    def sign(self) -> SignedHead | None:
        """Sign where the chain ends, if it follows on what was signed before.

        Returns
        -------
        SignedHead or None
            None if nothing came, nobody signs, or the chain is broken; see `fault`.
        """
        if self._signer is None or not self._is_whole():
            return None
        last, head = self._log.last_head(), self._followed
        if head.sequence == 0 or (last is not None and last.sequence >= head.sequence):
            self._unsigned_since = None
            return None
        if self._unsigned_since is None:
            self._unsigned_since = time.monotonic()
        signature = self._signer.sign(head_bytes(head))
        signed = SignedHead(
            sequence=head.sequence,
            digest=head.digest,
            signed_at=utc_now(),
            key_id=signature.key_id,
            signature=signature.value,
        )
        self._log.keep_head(signed)
        self._unsigned_since = None
        # Where logs are collected it can be compared by who does not trust the database.
        _log.info("audit_head_signed", sequence=signed.sequence, digest=signed.digest.hex())
        return signed

    def _batch(self, waiting: list[str]) -> list[tuple[int, Chunk]]:
        """Return the next rows to seal with the numbers of their seals; strike out who has none."""
        batch, room = [], _STEP
        for table in list(waiting):
            so_far = self._seals.so_far(table)
            chunk = self._next(table, so_far, room)
            if not chunk.keys:
                waiting.remove(table)
                continue
            batch.append((so_far.last_number + 1, chunk))
            room -= len(chunk.keys)
            if room <= 0:
                break
        return batch

    def _next(self, table: str, so_far: SealedSoFar, limit: int) -> Chunk:
        chunk = self._seals.unsealed(table, so_far.last_key, limit)
        begun = time.monotonic()
        if chunk.keys or begun < self._count_again.get(table, begun):
            return chunk
        surplus = self._seals.counts(table).surplus
        if surplus and surplus != self._unexplained.get(table):
            chunk = self._seals.late(table, min(surplus, limit))
            if not chunk.keys:
                self._unexplained[table] = surplus
        took_s = time.monotonic() - begun
        if took_s > _LONG_S:
            self._count_again[table] = begun + took_s / _SHARE
        return chunk

    def _keep(self, batch: list[tuple[int, Chunk]], actor: str) -> bool:
        seals = [
            {
                "table": chunk.table,
                "number": number,
                "kind": chunk.kind.value,
                "rows": len(chunk.keys),
                "digest": seal_digest(chunk, number),
            }
            for number, chunk in batch
        ]
        event = AuditEvent(
            actor=actor, action=SEAL, environment=self._environment, detail={"seals": seals}
        )
        return self._seals.keep([chunk for _, chunk in batch], event) is not None

    def _is_whole(self) -> bool:
        """Follow the chain from where it was followed before, or from the last signed head."""
        if self._followed.sequence == 0:
            last = self._log.last_head()
            if last is not None:
                self._followed = AuditHead(last.sequence, last.digest)
        if not self._still_there():
            return False
        while entries := self._log.entries(AuditQuery(after=self._followed.sequence), _PAGE):
            self._followed, fault = follow(self._followed, entries)
            if fault is not None:
                self._tell(fault)
                return False
        self.fault = None
        return True

    def _still_there(self) -> bool:
        head = self._followed
        if head.sequence == 0:
            return True
        found = self._log.at([head.sequence])
        if found and found[0].digest == head.digest:
            return True
        what = "it was altered" if found else "it is missing"
        self._tell(Fault(f"audit_entries {head.sequence}", what))
        return False

    def _tell(self, fault: Fault) -> None:
        self.fault = fault
        if self._unsigned_since is None:
            self._unsigned_since = time.monotonic()
        _log.error("audit_chain_broken", where=fault.where, what=fault.what)

    def _loop(self) -> None:
        while not self._stopping.wait(self._interval_s):
            try:
                self.keep()
            except CrispMLError as error:
                self._failed(error=error.message)
            except Exception as unforeseen:  # the thread goes on; the log has the defect
                self._failed(**trace_of(unforeseen))

    def _failed(self, **why: object) -> None:
        if self._unsigned_since is None:
            self._unsigned_since = time.monotonic()
        _log.error("audit_not_kept", **why)
