"""Reads the audit log and everything that it vouches for again, and names what is not as it was."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from crispml_core.domain.audit import (
    SEAL,
    AuditEntry,
    AuditHead,
    AuditQuery,
    Checked,
    Seal,
    SignedHead,
)
from crispml_core.domain.errors import UntrustedSignature
from crispml_core.domain.retention import Retained
from crispml_core.domain.signatures import Signature
from crispml_core.governance.audit_chain import Fault, follow, head_bytes
from crispml_core.governance.audit_seals import seal_digest
from crispml_core.pipelines.audit.score_chains import ScoreChains
from crispml_core.ports.audit_log import AuditLog, Seals
from crispml_core.ports.retention_store import RetentionStore
from crispml_core.ports.signer import Verifier

MISSING = "it is missing"
# As the rows of this table are sealed too, they are another line of the answer.
_HEADS = "audit_heads.signature"
_PAGE, _SEALS = 1_000, 20
_PRUNED = {table.value: table for table in Retained}


class Verification:
    """Verifies a log in bounded memory, whatever its size.

    Parameters
    ----------
    log : AuditLog
    seals : Seals
    retention : RetentionStore
        Knows which rows a rule deleted.
    chains : ScoreChains or None
        None leaves the rows of scores out; their groups are sealed all the same.
    verifier : Verifier or None
        None leaves signatures out.
    """

    def __init__(
        self,
        log: AuditLog,
        seals: Seals,
        retention: RetentionStore,
        *,
        chains: ScoreChains | None = None,
        verifier: Verifier | None = None,
    ) -> None:
        self._log, self._seals, self._retention = log, seals, retention
        self._chains, self._verifier = chains, verifier

    def run(
        self,
        held: Sequence[AuditHead] = (),
        *,
        tables: Collection[str] | None = None,
        scores: bool = True,
    ) -> Iterator[Checked]:
        """Yield what was found in the chain, its heads, each sealed table and the scores.

        Parameters
        ----------
        held : sequence of AuditHead
            Heads that somebody kept elsewhere, which the chain must go through.
        tables : collection of str, optional
            Only these of the sealed tables.
        scores : bool
            Whether the rows of scores are read too, which takes longest; their groups are sealed.
        """
        # How far everything went before the chain was read: what comes meanwhile is for next time.
        upto = self._log.head().sequence
        numbers: dict[str, int] = defaultdict(int)
        chain = self._chain(upto, held, numbers)
        yield chain
        yield self._heads(chain.rows)
        for table in self._seals.tables if tables is None else tables:
            yield self._table(table, numbers[table])
        if scores and self._chains is not None:
            yield self._chains.checked()

    def _chain(self, upto: int, held: Sequence[AuditHead], numbers: dict[str, int]) -> Checked:
        head, expected = AuditHead(), {kept.sequence: kept.digest for kept in held}
        while head.sequence < upto:
            entries = self._log.entries(AuditQuery(after=head.sequence), _PAGE)
            if not entries:
                break
            head, fault = follow(head, entries)
            for entry in entries:
                if fault is None or entry.sequence <= head.sequence:
                    _note(entry, numbers)
                    known = expected.pop(entry.sequence, entry.digest)
                    if known != entry.digest:
                        what = "it differs from the head that was kept elsewhere"
                        return _checked("audit_entries", head, _entry(entry.sequence, what))
            if fault is not None:
                return _checked("audit_entries", head, fault)
        for sequence in sorted(expected):
            what = "it is missing, though its head was kept elsewhere"
            return _checked("audit_entries", head, _entry(sequence, what))
        return _checked("audit_entries", head, None)

    def _heads(self, length: int) -> Checked:
        """Compare signed heads to the chain; one beyond its end says that the end is missing."""
        after, rows = 0, 0
        while heads := self._log.heads(after, _PAGE):
            entries = {e.sequence: e for e in self._log.at([head.sequence for head in heads])}
            for head in heads:
                what = self._wrong(head, entries.get(head.sequence), length)
                if what is not None:
                    fault = Fault(f"audit_heads {head.sequence}", what)
                    return Checked(what=_HEADS, rows=rows, where=fault.where, fault=what)
                rows += 1
            after = heads[-1].sequence
        return Checked(what=_HEADS, rows=rows)

    def _wrong(self, head: SignedHead, entry: AuditEntry | None, length: int) -> str | None:
        if self._verifier is not None:
            signed = head_bytes(AuditHead(head.sequence, head.digest))
            try:
                self._verifier.verify(signed, Signature(head.key_id, head.signature))
            except UntrustedSignature:
                return "its signature is not that of a trusted key over this head"
        if entry is None:
            return f"the entry that was signed is missing: the chain ends at {length}"
        if entry.digest != head.digest:
            return "the entry that was signed had another digest"
        return None

    def _table(self, table: str, last_number: int) -> Checked:
        """Compare the rows of a table to its seals, in their order."""
        after, rows, pruned = 0, 0, 0
        while page := self._seals.seals(table, after, _SEALS):
            good: list[Seal] = []
            fault = self._good(table, after, page, good)
            found = [self._seals.digests(table, seal.chunk.keys) for seal in good]
            gone = self._gone(table, good, found)
            for seal, there in zip(good, found, strict=True):
                for key, digest in zip(seal.chunk.keys, seal.chunk.digests, strict=True):
                    if there.get(key) == digest:
                        rows += 1
                    elif key in gone:
                        pruned += 1
                    else:
                        what = "it was altered" if key in there else MISSING
                        return _of_table(table, rows, pruned, _named(table, key), what)
            if fault is not None:
                return _of_table(table, rows, pruned, fault.where, fault.what)
            after = after + len(page)
        if after < last_number:
            return _of_table(table, rows, pruned, f"audit_seals {table}/{after + 1}", MISSING)
        unsealed = max(0, self._seals.counts(table).stored - rows)
        return Checked(what=table, rows=rows, pruned=pruned, unsealed=unsealed)

    def _good(
        self, table: str, after: int, page: Sequence[Seal | int], good: list[Seal]
    ) -> Fault | None:
        """Take the seals of a page that the chain vouches for, until the first it does not."""
        sequences = [seal.audit_sequence for seal in page if isinstance(seal, Seal)]
        stated = {entry.sequence: entry for entry in self._log.at(sequences)}
        for expected, seal in enumerate(page, after + 1):
            where = f"audit_seals {table}/{expected}"
            if isinstance(seal, int):
                return Fault(where, MISSING if seal != expected else "it cannot be read")
            if seal.number != expected:
                return Fault(where, MISSING)
            entry = stated.get(seal.audit_sequence)
            digest = _stated(entry, table, expected)
            if digest != seal_digest(seal.chunk, expected):
                return Fault(where, "it was altered: the audit log has another digest of it")
            if entry is None or entry.event.occurred_at != seal.sealed_at:
                return Fault(where, "it was altered: the audit log has another moment of it")
            good.append(seal)
        return None

    def _gone(
        self, table: str, good: Sequence[Seal], found: Sequence[dict[str, bytes]]
    ) -> set[str]:
        """Return the keys of rows that are missing because a rule of retention deleted them."""
        retained = _PRUNED.get(table)
        missing = {
            _pruning_key(retained, key): key
            for seal, there in zip(good, found, strict=True)
            for key in seal.chunk.keys
            if key not in there
        }
        if retained is None or not missing:
            return set()
        return {missing[key] for key in self._retention.pruned(retained, list(missing))}


def _note(entry: AuditEntry, numbers: dict[str, int]) -> None:
    """Note the number of the newest seal of each table."""
    if entry.event.action == SEAL:
        for seal in entry.event.detail.get("seals", ()):
            numbers[seal["table"]] = max(numbers[seal["table"]], seal["number"])


def _stated(entry: AuditEntry | None, table: str, number: int) -> str | None:
    if entry is None or entry.event.action != SEAL:
        return None
    for seal in entry.event.detail.get("seals", ()):
        if (seal["table"], seal["number"]) == (table, number):
            return str(seal["digest"])
    return None


def _pruning_key(table: Retained | None, key: str) -> str:
    """Return the key of a row as a pruning has it; see `domain.retention`."""
    values = json.loads(key)
    return "/".join(map(str, values[1:] if table is Retained.SCORES else values))


def _named(table: str, key: str) -> str:
    return f"{table} {'/'.join(map(str, json.loads(key)))}"


def _entry(sequence: int, what: str) -> Fault:
    return Fault(f"audit_entries {sequence}", what)


def _checked(what: str, head: AuditHead, fault: Fault | None) -> Checked:
    if fault is None:
        return Checked(what=what, rows=head.sequence)
    return Checked(what=what, rows=head.sequence, where=fault.where, fault=fault.what)


def _of_table(table: str, rows: int, pruned: int, where: str, fault: str) -> Checked:
    return Checked(what=table, rows=rows, pruned=pruned, where=where, fault=fault)
