"""The audit log as the API shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crispml_core.domain.audit import AuditEntry, SignedHead


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """One entry; `docs/audit.md` says how its digest is made."""

    sequence: int
    occurred_at: str
    actor: str
    action: str
    resource: str
    use_case: str | None
    environment: str
    origin: str
    request_id: str
    outcome: str
    detail: dict[str, Any]
    digest: str
    previous_digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadView:
    """A signed head of the chain; the signature is over `crispml-audit-head:SEQUENCE:DIGEST`."""

    sequence: int
    digest: str
    signed_at: str
    key_id: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SealOutcome:
    """What was sealed and signed, and where the chain is broken, if it is."""

    rows: int
    head: HeadView | None
    where: str | None
    fault: str | None


def entry_view(entry: AuditEntry) -> EntryView:
    """Return an entry for an answer."""
    return EntryView(**entry.to_dict())


def head_view(head: SignedHead) -> HeadView:
    """Return a signed head for an answer."""
    return HeadView(**head.to_dict())
