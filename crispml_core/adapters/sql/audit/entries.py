"""Entries of the audit log as rows, and back, whatever somebody made of a row."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, Select, String, select, type_coerce

from crispml_core.adapters.sql.schema.tables import audit_entries
from crispml_core.domain.audit import AuditEntry, AuditEvent, AuditQuery

_PLAIN = ("actor", "action", "resource", "use_case", "environment", "origin", "request_id")
_UNREADABLE = datetime.min.replace(tzinfo=UTC)
_columns = audit_entries.c

# Not decoded by the types of the columns: a row that was tampered with must not stop the reading.
_ENTRIES = select(
    _columns.sequence,
    type_coerce(_columns.occurred_at, String).label("moment"),
    *(_columns[name] for name in _PLAIN),
    _columns.outcome,
    type_coerce(_columns.detail, String).label("detail_text"),
    type_coerce(_columns.digest, String).label("digest_text"),
    type_coerce(_columns.previous_digest, String).label("previous_text"),
)
LAST_ENTRY = _ENTRIES.order_by(_columns.sequence.desc()).limit(1)


def entries_where(query: AuditQuery) -> Select[Any]:
    """Return the statement that reads the entries of a query, the oldest first."""
    found = _ENTRIES.where(_columns.sequence > query.after).order_by(_columns.sequence)
    if query.start is not None:
        found = found.where(_columns.occurred_at >= query.start)
    if query.end is not None:
        found = found.where(_columns.occurred_at < query.end)
    for name in ("actor", "action", "use_case"):
        if (wanted := getattr(query, name)) is not None:
            found = found.where(_columns[name] == wanted)
    return found


def entries_of(sequences: list[int]) -> Select[Any]:
    """Return the statement that reads the entries of some sequences."""
    return _ENTRIES.where(_columns.sequence.in_(sequences)).order_by(_columns.sequence)


def values_of(entry: AuditEntry) -> dict[str, Any]:
    """Return an entry as a row."""
    event = entry.event
    return {
        "sequence": entry.sequence,
        "occurred_at": event.occurred_at,
        **{name: getattr(event, name) for name in _PLAIN},
        "outcome": event.outcome,
        "detail": dict(event.detail),
        "digest": entry.digest,
        "previous_digest": entry.previous_digest,
    }


def entry_of(row: Row[Any]) -> AuditEntry:
    """Return a row as an entry; what cannot be read becomes something that no digest fits."""
    event = AuditEvent(
        occurred_at=_moment(row.moment),
        **{name: getattr(row, name) for name in _PLAIN},
        outcome=row.outcome,
        detail=_detail(row.detail_text),
    )
    return AuditEntry(
        sequence=row.sequence,
        event=event,
        digest=_digest(row.digest_text),
        previous_digest=_digest(row.previous_text),
    )


def _moment(value: Any) -> datetime:
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (ValueError, TypeError):
        return _UNREADABLE
    return found.replace(tzinfo=UTC)


def _detail(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {"unreadable": True}
    return found if isinstance(found, dict) else {"unreadable": True}


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
