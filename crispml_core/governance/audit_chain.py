"""The rules of the audit chain: how an entry is digested, and whether a chain is whole.

The digest of an entry is SHA-256 over the digest before it and the entry as JSON: an array of its
sequence, moment (ISO 8601 with microseconds), actor, action, resource, use case, environment,
origin, request id, outcome and detail, keys sorted, without spaces, and with all that is not ASCII
escaped. Whoever changes, removes or moves an entry has to make every later one again, and meets the
first signed head behind it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crispml_core.domain.audit import AuditEntry, AuditEvent, AuditHead


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where it is seen first.

    Parameters
    ----------
    where : str
        The table and the key of the row.
    what : str
        A sentence without a value of the row.
    """

    where: str
    what: str


def entry_digest(previous: bytes, sequence: int, event: AuditEvent) -> bytes:
    """Return the digest of an event in its place."""
    content = [
        sequence,
        event.occurred_at.isoformat(timespec="microseconds"),
        event.actor,
        event.action,
        event.resource,
        event.use_case,
        event.environment,
        event.origin,
        event.request_id,
        event.outcome,
        dict(event.detail),
    ]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


def chained(events: Iterable[AuditEvent], head: AuditHead) -> list[AuditEntry]:
    """Return events as the entries that follow on a head."""
    entries = []
    sequence, previous = head.sequence, head.digest
    for event in events:
        sequence += 1
        digest = entry_digest(previous, sequence, event)
        entries.append(
            AuditEntry(sequence=sequence, event=event, digest=digest, previous_digest=previous)
        )
        previous = digest
    return entries


def head_bytes(head: AuditHead) -> bytes:
    """Return what is signed of a head."""
    return f"crispml-audit-head:{head.sequence}:{head.digest.hex()}".encode()


def follow(head: AuditHead, entries: Sequence[AuditEntry]) -> tuple[AuditHead, Fault | None]:
    """Follow the chain over the entries behind a head, in the order of their sequence.

    Returns
    -------
    AuditHead
        How far the chain is whole.
    Fault or None
        The first entry that is missing, altered or in another place than it was written in.
    """
    for entry in entries:
        expected = head.sequence + 1
        if entry.sequence != expected:
            return head, _at(expected, "it is missing")
        own = entry_digest(entry.previous_digest, entry.sequence, entry.event)
        if own != entry.digest:
            return head, _at(expected, "it was altered: it is not what its digest says")
        if entry.previous_digest != head.digest:
            return head, _at(expected, "it does not follow on the entry before: one was replaced")
        head = AuditHead(entry.sequence, entry.digest)
    return head, None


def _at(sequence: int, what: str) -> Fault:
    return Fault(f"audit_entries {sequence}", what)
