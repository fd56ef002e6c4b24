"""The tables, as the stores see them; ``migrations`` makes them.

A column that must be unique where it is set (`exclusive_key`, `idempotency_digest`,
`current_subject`) is nullable and unique by itself. Composite unique keys have no nullable part:
Db2 leaves a row out of a unique index only when every part is null.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)

from crispml_core.adapters.sql.schema.journal_tables import journal_tables
from crispml_core.adapters.sql.schema.monitoring_tables import monitoring_tables
from crispml_core.adapters.sql.schema.security_tables import security_tables
from crispml_core.adapters.sql.schema.types import (
    SHORT_TEXT,
    Flag,
    HexDigest,
    JsonText,
    SizedText,
    UtcTimestamp,
)
from crispml_core.domain.runs import MethodTiming, RunError

NAMING = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
}
BLOB_BYTES = 256 * 1024 * 1024

metadata = MetaData(naming_convention=NAMING)


def _id(name: str, *arguments: Any, **options: Any) -> Column[str]:
    return Column(name, String(36), *arguments, **options)


def _name(name: str, **options: Any) -> Column[str]:
    return Column(name, String(63), nullable=False, **options)


# SQLite finds rows by a number, and counts by itself, only in a column that it calls INTEGER.
_NUMBER = BigInteger().with_variant(Integer, "sqlite")


def _group_no(*arguments: Any, **options: Any) -> Column[int]:
    return Column("group_no", _NUMBER, *arguments, **options)


def _moment(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, UtcTimestamp(), nullable=nullable)


def _idempotency() -> tuple[Column[str], Column[str]]:
    return (
        Column("idempotency_digest", String(64), unique=True),
        Column("fingerprint", String(128)),
    )


runs = Table(
    "runs",
    metadata,
    _id("id", primary_key=True),
    _name("use_case"),
    Column("method", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("parameters", JsonText(dict[str, Any]), nullable=False),
    _moment("created_at"),
    Column("timeout_s", Double, nullable=False),
    _moment("started_at", nullable=True),
    _moment("finished_at", nullable=True),
    Column("percent", Double, nullable=False),
    Column("stage", String(255), nullable=False),
    Column("cancel_requested", Flag(), nullable=False),
    Column("steps", JsonText(tuple[MethodTiming, ...]), nullable=False),
    Column("result", JsonText(dict[str, Any]), nullable=False),
    Column("error", JsonText(RunError)),
    Column("request_id", String(128), nullable=False),
    Column("requested_by", String(255), nullable=False, server_default=""),
    Column("owner", String(128)),
    _moment("lease_until", nullable=True),
    _moment("heartbeat_at", nullable=True),
    Column("exclusive_key", String(255), unique=True),
    *_idempotency(),
    Index(None, "status", "id"),
    Index(None, "method", "status"),
    Index(None, "use_case", "id"),
)

alias_events = Table(
    "alias_events",
    metadata,
    _name("model", primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    _name("alias"),
    _name("version"),
    _moment("moved_at"),
    Column("moved_by", String(255), nullable=False),
    Column("reason", SizedText(SHORT_TEXT), nullable=False),
    Column("environment", String(16), nullable=False, server_default=""),
    Column("digest", String(64), nullable=False, server_default=""),
    Column("traffic", Double, nullable=False, server_default=text("0")),
    Index(None, "model", "alias", "sequence"),
)

# Bundles of other environments that were taken in, and the moves of aliases that came with them.
bundle_imports = Table(
    "bundle_imports",
    metadata,
    Column("bundle", String(64), primary_key=True),
    _name("model"),
    _name("version"),
    Column("digest", String(64), nullable=False),
    Column("environment", String(16), nullable=False),
    _moment("imported_at"),
    Column("imported_by", String(255), nullable=False),
    Column("evidence", JsonText(dict[str, Any]), nullable=False),
    Index(None, "model", "version"),
)

approvals = Table(
    "approvals",
    metadata,
    # Digest of what tells one move from another: it comes again with every later bundle.
    Column("approval_digest", String(64), primary_key=True),
    _name("model"),
    _name("version"),
    Column("digest", String(64), nullable=False),
    Column("environment", String(16), nullable=False),
    _name("alias"),
    Column("sequence", Integer, nullable=False),
    _moment("moved_at"),
    Column("moved_by", String(255), nullable=False),
    Column("reason", SizedText(SHORT_TEXT), nullable=False),
    Column("bundle", String(64), nullable=False),
    Index(None, "model", "version"),
)

# What was judged about versions in service.
version_health = Table(
    "version_health",
    metadata,
    _name("model", primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    _name("version"),
    Column("healthy", Flag(), nullable=False),
    Column("streak", Integer, nullable=False),
    Column("fit", Flag(), nullable=False),
    Column("reason", SizedText(SHORT_TEXT), nullable=False),
    _moment("judged_at"),
    Column("judged_by", String(255), nullable=False),
    Column("evidence", String(128), nullable=False),
    *_idempotency(),
    Index(None, "model", "version", "sequence"),
)

score_groups = Table(
    "score_groups",
    metadata,
    _group_no(primary_key=True, autoincrement=True),
    _id("group_id", nullable=False, unique=True),
    Column("writer_id", String(128), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    _name("use_case"),
    _name("model"),
    _name("version"),
    Column("alias", String(63)),
    _moment("created_at"),
    Column("row_count", Integer, nullable=False),
    Column("classes", JsonText(tuple[str, ...], SHORT_TEXT), nullable=False),
    Column("encoding", String(16), nullable=False),
    Column("fallback", Flag(), nullable=False),
    # What all of its rows have; null where they differ.
    Column("segments", SizedText(SHORT_TEXT)),
    Column("request_id", String(128)),
    Column("root", HexDigest(), nullable=False),
    Column("previous_root", HexDigest(), nullable=False),
    Column("idempotency_key", String(255)),
    Column("idempotency_digest", String(64)),
    Column("fingerprint", String(128)),
    # Last, because SQLite walks over a large value to reach what lies behind it.
    Column("row_digests", LargeBinary(BLOB_BYTES), nullable=False),
    Column("inputs", LargeBinary(BLOB_BYTES), nullable=False),
    # Of shadow scores the group whose rows these are, in the same order.
    _id("shadow_of"),
    UniqueConstraint("writer_id", "sequence"),
    Index(None, "use_case", "created_at", "group_no"),
)
# Most groups have no key. One that is left out of the index needs no page of it in its commit.
_has_key = score_groups.c.idempotency_digest.is_not(None)
Index(
    "ix_score_groups_idempotency_digest",
    score_groups.c.idempotency_digest,
    unique=True,
    sqlite_where=_has_key,
    postgresql_where=_has_key,
)

# What holds for a whole group is in its group; the view `scores` puts both together for people and
# for other programs. The table grows at its end only, and its key is what SQLite finds a row by.
score_rows = Table(
    "score_rows",
    metadata,
    Column("place", _NUMBER, primary_key=True, autoincrement=False),
    Column("record_key", String(255), nullable=False),
    # Always the text; beside it the exact number where the target is one.
    Column("prediction", String(255), nullable=False),
    Column("probability", Double),
    Column("prediction_number", Double),
    Column("by_class", SizedText(SHORT_TEXT)),
    # Null where all rows of the group have what the group says.
    Column("segments", SizedText(SHORT_TEXT)),
    Column("request_id", String(128)),
    Column("details", SizedText(SHORT_TEXT)),
    Column("subject_key_id", String(64)),
    # Of scores from before ids said where their score lies.
    _id("early_id"),
)

# The ids of scores from before ids said where their score lies.
early_score_ids = Table(
    "early_score_ids",
    metadata,
    _id("score_id", primary_key=True),
    _group_no(nullable=False),
    Column("row_number", Integer, nullable=False),
)

# The index of scores by record key, filled after the commit: see `scores.index`.
score_keys = Table(
    "score_keys",
    metadata,
    _name("use_case", primary_key=True),
    Column("record_key", String(255), primary_key=True),
    _group_no(primary_key=True, autoincrement=False),
    Column("row_number", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

unindexed_groups = Table(
    "unindexed_groups",
    metadata,
    _group_no(primary_key=True, autoincrement=False),
    Column("next_row", Integer, nullable=False),
)

# The groups that the index has and `drift_counts` has not: see `drift_store`.
uncounted_groups = Table(
    "uncounted_groups",
    metadata,
    _group_no(primary_key=True, autoincrement=False),
)

# How many scores of an hour were in each cell of the reference of their version.
drift_counts = Table(
    "drift_counts",
    metadata,
    _name("use_case", primary_key=True),
    _name("version", primary_key=True),
    Column("window_start", UtcTimestamp(), primary_key=True),
    # Empty for all records; the key of a group has no room for longer ones.
    Column("segment", String(255), primary_key=True),
    Column("row_count", BigInteger, nullable=False),
    Column("cells", JsonText(tuple[int, ...]), nullable=False),
)

serving_events = Table(
    "serving_events",
    metadata,
    _id("event_id", primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("code", String(63), nullable=False),
    _moment("occurred_at"),
    Column("use_case", String(63)),
    Column("version", String(63)),
    Column("status", Integer),
    Column("rule", String(63)),
    Column("field", String(63)),
    Column("request_id", String(128), nullable=False),
    Column("payload_digest", String(64)),
    Column("detail", SizedText(SHORT_TEXT), nullable=False),
    Index(None, "use_case", "event_id"),
)

label_imports = Table(
    "label_imports",
    metadata,
    _id("import_id", primary_key=True),
    _name("use_case"),
    _moment("received_at"),
    Column("row_count", Integer, nullable=False),
    *_idempotency(),
)

labels = Table(
    "labels",
    metadata,
    _id("label_id", primary_key=True),
    _id("import_id", ForeignKey("label_imports.import_id"), nullable=False),
    Column("row_number", Integer, nullable=False),
    _name("use_case"),
    _id("score_id"),
    Column("record_key", String(255)),
    Column("value_text", String(255), nullable=False),
    Column("value_number", Double),
    _moment("label_time"),
    _moment("received_at"),
    Column("source", String(255), nullable=False),
    Column("verdict", String(16), nullable=False),
    # Digest of what the label is about, while it is the current one; null afterwards.
    Column("current_subject", String(64), unique=True),
    _id("supersedes"),
    _id("superseded_by"),
    _moment("superseded_at", nullable=True),
    Column("propensity", Double),
    # Of a label about the last score of a record until a moment, which has no `record_key`: the
    # release before would take it for one about every score of the record.
    Column("timed_key", String(255)),
    _moment("scored_until", nullable=True),
    UniqueConstraint("import_id", "row_number"),
    Index(None, "score_id"),
    Index(None, "use_case", "record_key"),
    Index(None, "use_case", "label_time"),
)
# Most labels have no moment, and need no page of this index then.
_is_timed = labels.c.timed_key.is_not(None)
Index(
    "ix_labels_use_case_timed_key",
    labels.c.use_case,
    labels.c.timed_key,
    sqlite_where=_is_timed,
    postgresql_where=_is_timed,
)

reports = Table(
    "reports",
    metadata,
    _id("id", primary_key=True),
    _name("use_case"),
    _moment("created_at"),
    Column("content", JsonText(dict[str, Any]), nullable=False),
    *_idempotency(),
    # What the content says about itself, so that it can be searched; null before revision 0004.
    _moment("window_start", nullable=True),
    _moment("window_end", nullable=True),
    Column("version", String(63)),
    _moment("as_of", nullable=True),
    Column("digest", String(64)),
    Index(None, "use_case", "id"),
    Index(None, "digest"),
)

# What people said about a data set since it was made; the data set itself never changes.
dataset_notes = Table(
    "dataset_notes",
    metadata,
    Column("dataset_id", String(64), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    _moment("noted_at"),
    Column("changes", JsonText(dict[str, Any]), nullable=False),
    Column("noted_by", String(255), nullable=False),
    Column("reason", SizedText(SHORT_TEXT), nullable=False),
    Column("floor", String(16)),
)
monitor_evaluations, alerts, trigger_actions, deliveries = monitoring_tables(metadata)
(
    api_keys,
    audit_entries,
    audit_heads,
    audit_seals,
    version_approvals,
    subject_keys,
    erasures,
    prunings,
) = security_tables(metadata)
journal_leases = journal_tables(metadata)
