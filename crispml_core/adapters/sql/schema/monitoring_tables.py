"""The tables of what watching a model leaves behind; `tables` has all others."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, Integer, MetaData, String, Table, UniqueConstraint

from crispml_core.adapters.sql.schema.types import (
    SHORT_TEXT,
    JsonText,
    SizedText,
    UtcTimestamp,
)


def monitoring_tables(metadata: MetaData) -> tuple[Table, Table, Table, Table]:
    """Return evaluations, alerts, actions and deliveries, as tables of `metadata`."""
    return (
        Table(
            "monitor_evaluations",
            metadata,
            Column("id", String(36), primary_key=True),
            Column("use_case", String(63), nullable=False),
            Column("sequence", Integer, nullable=False),
            Column("at", UtcTimestamp(), nullable=False),
            Column("champion", String(63)),
            Column("decisions", JsonText(list[dict[str, Any]]), nullable=False),
            Column("states", JsonText(dict[str, dict[str, Any]]), nullable=False),
            Column("evidence", JsonText(dict[str, str]), nullable=False),
            # Of two evaluations at once one finds its number taken.
            UniqueConstraint("use_case", "sequence"),
            UniqueConstraint("use_case", "at"),
        ),
        Table(
            "alerts",
            metadata,
            Column("id", String(36), primary_key=True),
            Column("use_case", String(63), nullable=False),
            Column("rule", String(63), nullable=False),
            Column("severity", String(16), nullable=False),
            Column("state", String(16), nullable=False),
            # Digest of use case and rule while it fires; null afterwards.
            Column("firing_key", String(64), unique=True),
            Column("first_seen", UtcTimestamp(), nullable=False),
            Column("last_seen", UtcTimestamp(), nullable=False),
            Column("resolved_at", UtcTimestamp()),
            Column("acknowledged_at", UtcTimestamp()),
            Column("acknowledged_by", String(255), nullable=False),
            Column("evaluation_id", String(36), nullable=False),
            Column("summary", SizedText(SHORT_TEXT), nullable=False),
            Index(None, "use_case", "id"),
        ),
        Table(
            "trigger_actions",
            metadata,
            Column("id", String(36), primary_key=True),
            Column("use_case", String(63), nullable=False),
            Column("rule", String(63), nullable=False),
            Column("kind", String(16), nullable=False),
            Column("status", String(16), nullable=False),
            Column("evaluation_id", String(36), nullable=False),
            Column("created_at", UtcTimestamp(), nullable=False),
            Column("run_id", String(36)),
            Column("version", String(63)),
            Column("detail", SizedText(SHORT_TEXT), nullable=False),
            Column("reason", SizedText(SHORT_TEXT), nullable=False),
            Column("champion", String(63)),
            Column("evidence", JsonText(dict[str, str]), nullable=False),
            Column("decided_at", UtcTimestamp()),
            Column("decided_by", String(255), nullable=False),
            Column("decided_why", SizedText(SHORT_TEXT), nullable=False),
            Index(None, "use_case", "id"),
        ),
        Table(
            "deliveries",
            metadata,
            Column("id", String(36), primary_key=True),
            Column("use_case", String(63), nullable=False),
            Column("type", String(63), nullable=False),
            Column("created_at", UtcTimestamp(), nullable=False),
            Column("event", JsonText(dict[str, Any]), nullable=False),
            Column("next_attempt_at", UtcTimestamp(), nullable=False),
            Column("status", String(16), nullable=False),
            Column("attempts", Integer, nullable=False),
            Column("delivered_at", UtcTimestamp()),
            Column("outcome", SizedText(SHORT_TEXT), nullable=False),
            Index(None, "status", "next_attempt_at"),
        ),
    )
