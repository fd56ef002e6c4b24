"""The tables of who may do what, who did what, and what is private; `tables` has all others."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table

from crispml_core.adapters.sql.schema.types import (
    SHORT_TEXT,
    HexDigest,
    JsonText,
    SizedText,
    UtcTimestamp,
)

SEAL_BYTES = 16 * 1024 * 1024
PRUNED_BYTES = 1024 * 1024


class SecurityTables(NamedTuple):
    """API keys, audit log, approvals of versions, keys of data subjects, what grew too old."""

    api_keys: Table
    audit_entries: Table
    audit_heads: Table
    audit_seals: Table
    version_approvals: Table
    subject_keys: Table
    erasures: Table
    prunings: Table


def security_tables(metadata: MetaData) -> SecurityTables:
    """Return them as tables of `metadata`."""
    return SecurityTables(
        api_keys=Table(
            "api_keys",
            metadata,
            Column("key_id", String(16), primary_key=True),
            Column("key_digest", String(64), nullable=False, unique=True),
            Column("name", String(255), nullable=False),
            # The name while the key is not revoked; null afterwards.
            Column("current_name", String(255), unique=True),
            Column("grants", JsonText(tuple[str, ...]), nullable=False),
            Column("created_at", UtcTimestamp(), nullable=False),
            Column("created_by", String(255), nullable=False),
            Column("expires_at", UtcTimestamp()),
            Column("revoked_at", UtcTimestamp()),
            Column("revoked_by", String(255), nullable=False),
        ),
        audit_entries=Table(
            "audit_entries",
            metadata,
            # One chain for all processes: of two that append at once one finds its number taken.
            Column("sequence", BigInteger, primary_key=True, autoincrement=False),
            Column("occurred_at", UtcTimestamp(), nullable=False),
            Column("actor", String(255), nullable=False),
            Column("action", String(63), nullable=False),
            Column("resource", String(255), nullable=False),
            Column("use_case", String(63)),
            Column("environment", String(16), nullable=False),
            Column("origin", String(64), nullable=False),
            Column("request_id", String(128), nullable=False),
            Column("outcome", String(32), nullable=False),
            Column("detail", JsonText(dict[str, Any]), nullable=False),
            Column("digest", HexDigest(), nullable=False),
            Column("previous_digest", HexDigest(), nullable=False),
            Index(None, "occurred_at"),
            Index(None, "use_case", "sequence"),
        ),
        audit_heads=Table(
            "audit_heads",
            metadata,
            Column("sequence", BigInteger, primary_key=True, autoincrement=False),
            Column("digest", HexDigest(), nullable=False),
            Column("signed_at", UtcTimestamp(), nullable=False),
            Column("key_id", String(64), nullable=False),
            Column("signature", String(128), nullable=False),
        ),
        # Digests of the rows of other tables; the chain has the digest of each seal.
        audit_seals=Table(
            "audit_seals",
            metadata,
            Column("table_name", String(63), primary_key=True),
            Column("seal_number", Integer, primary_key=True, autoincrement=False),
            # rows, late or removed.
            Column("kind", String(8), nullable=False),
            Column("first_key", String(512), nullable=False),
            Column("last_key", String(512), nullable=False),
            Column("row_count", Integer, nullable=False),
            Column("audit_sequence", BigInteger, nullable=False),
            Column("sealed_at", UtcTimestamp(), nullable=False),
            Column("row_digests", LargeBinary(SEAL_BYTES), nullable=False),
        ),
        version_approvals=Table(
            "version_approvals",
            metadata,
            Column("approval_id", String(36), primary_key=True),
            Column("model", String(63), nullable=False),
            Column("version", String(63), nullable=False),
            # Of the bytes of the version, and of its report: void when either differs.
            Column("digest", String(64), nullable=False),
            Column("report_digest", String(64), nullable=False),
            Column("environment", String(16), nullable=False),
            # approval, refusal or break_glass.
            Column("kind", String(16), nullable=False),
            Column("decided_by", String(255), nullable=False),
            Column("decided_at", UtcTimestamp(), nullable=False),
            Column("reason", SizedText(SHORT_TEXT), nullable=False),
            Column("evidence", JsonText(dict[str, Any]), nullable=False),
            Index(None, "model", "version"),
        ),
        subject_keys=Table(
            "subject_keys",
            metadata,
            # A keyed digest of the subject: the table names nobody.
            Column("subject_key_id", String(64), primary_key=True),
            # Encrypted by the master key; null when it was destroyed.
            Column("wrapped_key", String(255)),
            Column("created_at", UtcTimestamp(), nullable=False),
            Column("destroyed_at", UtcTimestamp()),
            # Every process that has keys in memory asks again and again which were destroyed.
            Index(None, "destroyed_at"),
        ),
        erasures=Table(
            "erasures",
            metadata,
            Column("erasure_id", String(36), primary_key=True),
            Column("subject_key_id", String(64), nullable=False),
            Column("erased_at", UtcTimestamp(), nullable=False),
            Column("requested_by", String(255), nullable=False),
            Column("reason", SizedText(SHORT_TEXT), nullable=False),
            Column("certificate", JsonText(dict[str, Any]), nullable=False),
            Index(None, "subject_key_id"),
        ),
        # What rules of retention deleted, by digests of keys: who finds a gap can tell whose it is.
        prunings=Table(
            "prunings",
            metadata,
            Column("pruning_id", String(36), primary_key=True),
            Column("table_name", String(63), nullable=False),
            Column("use_case", String(63)),
            Column("days", Integer, nullable=False),
            Column("cutoff", UtcTimestamp(), nullable=False),
            Column("pruned_at", UtcTimestamp(), nullable=False),
            Column("row_count", Integer, nullable=False),
            Column("digest", HexDigest(), nullable=False),
            # The entry that was written in the same transaction, and has the digest.
            Column("audit_sequence", BigInteger, nullable=False),
            Column("key_digests", LargeBinary(PRUNED_BYTES), nullable=False),
            Index(None, "table_name", "pruning_id"),
        ),
    )
