"""The audit log as values: what happened, its place in the chain, signed heads and seals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from crispml_core.domain.identifiers import utc_now

ASKED = "asked"
"""Outcome of an entry that is written before something is done; another one says what came."""
DONE = "done"
FAILED = "failed"
SEAL = "seal"
"""Action of an entry about digests of rows of other tables."""

NO_DIGEST = bytes(32)
"""Digest before the first entry."""

# What a database or a terminal takes for something else than a character.
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_HEAD = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")
_WIDTHS = {
    "actor": 255,
    "action": 63,
    "resource": 255,
    "use_case": 63,
    "environment": 16,
    "origin": 64,
    "request_id": 128,
    "outcome": 32,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """Something that shall be remembered; it has no place in the chain yet.

    Texts are cut to the width of their columns, and control characters are replaced: a caller
    chooses some of them, and must not be able to keep an entry from being written.

    Parameters
    ----------
    actor : str
        Who: the name of a principal, ``run:<id>``, ``rule:<name>`` or ``cli``.
    action : str
        What: the name of an operation.
    resource : str
        What it was done to, by ids only.
    origin : str
        From where: the address of the client, or nothing.
    outcome : str
        `ASKED`, a status code, `DONE` or `FAILED`.
    detail : dict
        What else helps to understand it; never a personal value.
    """

    actor: str
    action: str
    resource: str = ""
    use_case: str | None = None
    environment: str = ""
    origin: str = ""
    request_id: str = ""
    outcome: str = DONE
    detail: Mapping[str, Any] = field(default_factory=dict)
    occurred_at: datetime = field(default_factory=utc_now)

    def __post_init__(self) -> None:
        for name, width in _WIDTHS.items():
            text = getattr(self, name)
            if text is not None:
                object.__setattr__(self, name, _fitting(text, width))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """An event in its place.

    Parameters
    ----------
    sequence : int
        1, 2, 3 … over all processes.
    digest : bytes
        SHA-256 over the digest before and the event; see `governance.audit_chain`.
    previous_digest : bytes
        That of the entry before; `NO_DIGEST` of the first.
    """

    sequence: int
    event: AuditEvent
    digest: bytes
    previous_digest: bytes

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON shows it; digests are hexadecimal."""
        event = self.event
        return {
            "sequence": self.sequence,
            "occurred_at": event.occurred_at.isoformat(timespec="microseconds"),
            "actor": event.actor,
            "action": event.action,
            "resource": event.resource,
            "use_case": event.use_case,
            "environment": event.environment,
            "origin": event.origin,
            "request_id": event.request_id,
            "outcome": event.outcome,
            "detail": dict(event.detail),
            "digest": self.digest.hex(),
            "previous_digest": self.previous_digest.hex(),
        }


@dataclass(frozen=True, slots=True)
class AuditHead:
    """Where a chain ends; sequence 0 and `NO_DIGEST` before the first entry."""

    sequence: int = 0
    digest: bytes = NO_DIGEST

    @classmethod
    def parse(cls, text: str) -> AuditHead | None:
        """Read ``SEQUENCE:DIGEST``, as somebody kept it elsewhere; None if it is something else."""
        found = _HEAD.fullmatch(text)
        return None if found is None else cls(int(found[1]), bytes.fromhex(found[2]))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHead:
    """A head that somebody with a key has seen."""

    sequence: int
    digest: bytes
    signed_at: datetime
    key_id: str
    signature: bytes

    def to_dict(self) -> dict[str, Any]:
        """Return the head as JSON shows it; digest and signature are hexadecimal."""
        return {
            "sequence": self.sequence,
            "digest": self.digest.hex(),
            "signed_at": self.signed_at.isoformat(timespec="microseconds"),
            "key_id": self.key_id,
            "signature": self.signature.hex(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which entries are wanted; all of them unless told.

    Parameters
    ----------
    after : int
        Only those behind this sequence in the order that is wanted; 0 begins with the first.
    newest_first : bool
    start, end : datetime, optional
        Only those of [start, end).
    outcome : str, optional
        Only those that ended so; with ``xx`` at the end a class of status codes, such as ``4xx``.
    """

    after: int = 0
    newest_first: bool = False
    start: datetime | None = None
    end: datetime | None = None
    actor: str | None = None
    action: str | None = None
    use_case: str | None = None
    outcome: str | None = None


class SealKind(StrEnum):
    """Which rows a seal is about."""

    ROWS = "rows"
    """Rows behind those of the seal before, in the order of their key."""
    LATE = "late"
    """Rows that came between rows that were sealed already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some rows of one table by their key, with the digest of what must not change in each.

    Parameters
    ----------
    keys : tuple of str
        The values of the primary key of each row, and of what else finds it, as a JSON array.
    digests : tuple of bytes
        32 bytes each; see `governance.audit_seals`.
    """

    table: str
    kind: SealKind
    keys: tuple[str, ...]
    digests: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A chunk that is kept, and whose digest is in the chain.

    Parameters
    ----------
    number : int
        1, 2, 3 … per table.
    audit_sequence : int
        The entry that has its digest.
    """

    chunk: Chunk
    number: int
    audit_sequence: int
    sealed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSoFar:
    """How far a table is sealed.

    Parameters
    ----------
    last_number : int
        Of the newest seal; 0 without one.
    last_key : str or None
        The highest key that was sealed in order.
    """

    last_number: int
    last_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedCounts:
    """Numbers of rows of a sealed table.

    Parameters
    ----------
    sealed, pruned : int
        Rows in all seals, and rows that rules of retention deleted, sealed or not.
    stored : int
        Rows of the table now.
    """

    sealed: int
    pruned: int
    stored: int

    @property
    def surplus(self) -> int:
        """How many rows there are besides those that were sealed and not pruned."""
        return max(0, self.stored - (self.sealed - self.pruned))


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the verification of one table found.

    Parameters
    ----------
    what : str
        The table.
    rows : int
        Rows that are as they were; up to the first fault, if there is one.
    pruned : int
        Rows that a rule of retention deleted.
    unsealed : int
        Rows that are too new to have a seal: nobody can tell whether they were altered.
    where, fault : str or None
        The first row that is not as it was, and what is wrong with it.
    """

    what: str
    rows: int
    pruned: int = 0
    unsealed: int = 0
    where: str | None = None
    fault: str | None = None


def _fitting(text: str, width: int) -> str:
    """Return a text without control characters that has at most `width` bytes in UTF-8."""
    clean = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    encoded = clean.encode()
    return clean if len(encoded) <= width else encoded[:width].decode(errors="ignore")
