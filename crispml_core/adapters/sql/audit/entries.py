"""Entries of the audit log as rows, and back, whatever somebody made of a row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Row, Select, select

from crispml_core.adapters.sql.audit.readable import digest, document, moment, raw
from crispml_core.adapters.sql.schema.tables import audit_entries
from crispml_core.domain.audit import AuditEntry, AuditEvent, AuditQuery

_PLAIN = ("actor", "action", "resource", "use_case", "environment", "origin", "request_id")
_columns = audit_entries.c

# Not decoded by the types of the columns: a row that was tampered with must not stop the reading.
_ENTRIES = select(
    _columns.sequence,
    raw(_columns.occurred_at),
    *(_columns[name] for name in _PLAIN),
    _columns.outcome,
    raw(_columns.detail),
    raw(_columns.digest),
    raw(_columns.previous_digest),
)
LAST_ENTRY = _ENTRIES.order_by(_columns.sequence.desc()).limit(1)


def entries_where(query: AuditQuery) -> Select[Any]:
    """Return the statement that reads the entries of a query in its order."""
    found = behind(_ENTRIES, _columns.sequence, query.after, query.newest_first)
    if query.start is not None:
        found = found.where(_columns.occurred_at >= query.start)
    if query.end is not None:
        found = found.where(_columns.occurred_at < query.end)
    for name in ("actor", "action", "use_case"):
        if (wanted := getattr(query, name)) is not None:
            found = found.where(_columns[name] == wanted)
    if (outcome := query.outcome) is not None:
        is_class = outcome.endswith("xx")
        column = _columns.outcome
        found = found.where(column.like(f"{outcome[:-2]}__") if is_class else column == outcome)
    return found


def behind(rows: Select[Any], sequence: Column[int], after: int, newest_first: bool) -> Select[Any]:
    """Return rows by their sequence, from behind one of them; 0 begins with the first."""
    if not newest_first:
        return rows.where(sequence > after).order_by(sequence)
    return (rows.where(sequence < after) if after else rows).order_by(sequence.desc())


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
        occurred_at=moment(row.occurred_at_raw),
        **{name: getattr(row, name) for name in _PLAIN},
        outcome=row.outcome,
        detail=document(row.detail_raw),
    )
    return AuditEntry(
        sequence=row.sequence,
        event=event,
        digest=digest(row.digest_raw),
        previous_digest=digest(row.previous_digest_raw),
    )
