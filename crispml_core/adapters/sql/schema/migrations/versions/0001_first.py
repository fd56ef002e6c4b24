"""Runs, alias moves, scores, labels and reports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crispml_core.adapters.sql.schema.types import SHORT_TEXT, SizedText

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None
step = "expand"

_BLOB_BYTES = 256 * 1024 * 1024


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "alias_events",
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("alias", sa.String(63), nullable=False),
        sa.Column("version", sa.String(63), nullable=False),
        sa.Column("moved_at", sa.DateTime, nullable=False),
        sa.Column("moved_by", sa.String(255), nullable=False),
        sa.Column("reason", SizedText(SHORT_TEXT), nullable=False),
        sa.PrimaryKeyConstraint("model", "sequence", name="pk_alias_events"),
    )
    op.create_index(
        "ix_alias_events_model_alias_sequence", "alias_events", ["model", "alias", "sequence"]
    )
    op.create_table(
        "label_imports",
        sa.Column("import_id", sa.String(36), nullable=False),
        sa.Column("use_case", sa.String(63), nullable=False),
        sa.Column("received_at", sa.DateTime, nullable=False),
        sa.Column("row_count", sa.Integer, nullable=False),
        sa.Column("idempotency_digest", sa.String(64), nullable=True),
        sa.Column("fingerprint", sa.String(128), nullable=True),
        sa.PrimaryKeyConstraint("import_id", name="pk_label_imports"),
        sa.UniqueConstraint("idempotency_digest", name="uq_label_imports_idempotency_digest"),
    )
    op.create_table(
        "reports",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("use_case", sa.String(63), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("idempotency_digest", sa.String(64), nullable=True),
        sa.Column("fingerprint", sa.String(128), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
        sa.UniqueConstraint("idempotency_digest", name="uq_reports_idempotency_digest"),
    )
    op.create_index("ix_reports_use_case_id", "reports", ["use_case", "id"])
    op.create_table(
        "runs",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("use_case", sa.String(63), nullable=False),
        sa.Column("method", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("timeout_s", sa.Double, nullable=False),
        sa.Column("started_at", sa.DateTime, nullable=True),
        sa.Column("finished_at", sa.DateTime, nullable=True),
        sa.Column("percent", sa.Double, nullable=False),
        sa.Column("stage", sa.String(255), nullable=False),
        sa.Column("cancel_requested", sa.SmallInteger, nullable=False),
        sa.Column("steps", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("error", sa.Text, nullable=True),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("owner", sa.String(128), nullable=True),
        sa.Column("lease_until", sa.DateTime, nullable=True),
        sa.Column("heartbeat_at", sa.DateTime, nullable=True),
        sa.Column("exclusive_key", sa.String(255), nullable=True),
        sa.Column("idempotency_digest", sa.String(64), nullable=True),
        sa.Column("fingerprint", sa.String(128), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint("exclusive_key", name="uq_runs_exclusive_key"),
        sa.UniqueConstraint("idempotency_digest", name="uq_runs_idempotency_digest"),
    )
    op.create_index("ix_runs_status_id", "runs", ["status", "id"])
    op.create_index("ix_runs_use_case_id", "runs", ["use_case", "id"])
    op.create_table(
        "score_groups",
        sa.Column("group_id", sa.String(36), nullable=False),
        sa.Column("writer_id", sa.String(128), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("use_case", sa.String(63), nullable=False),
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("version", sa.String(63), nullable=False),
        sa.Column("alias", sa.String(63), nullable=True),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("row_count", sa.Integer, nullable=False),
        sa.Column("inputs", sa.LargeBinary(_BLOB_BYTES), nullable=False),
        sa.Column("row_digests", sa.LargeBinary(_BLOB_BYTES), nullable=False),
        sa.Column("root", sa.String(64), nullable=False),
        sa.Column("previous_root", sa.String(64), nullable=False),
        sa.Column("idempotency_key", sa.String(255), nullable=True),
        sa.Column("idempotency_digest", sa.String(64), nullable=True),
        sa.Column("fingerprint", sa.String(128), nullable=True),
        sa.PrimaryKeyConstraint("group_id", name="pk_score_groups"),
        sa.UniqueConstraint("idempotency_digest", name="uq_score_groups_idempotency_digest"),
        sa.UniqueConstraint("writer_id", "sequence", name="uq_score_groups_writer_id_sequence"),
    )
    op.create_table(
        "labels",
        sa.Column("label_id", sa.String(36), nullable=False),
        sa.Column("import_id", sa.String(36), nullable=False),
        sa.Column("row_number", sa.Integer, nullable=False),
        sa.Column("use_case", sa.String(63), nullable=False),
        sa.Column("score_id", sa.String(36), nullable=True),
        sa.Column("record_key", sa.String(255), nullable=True),
        sa.Column("value_text", sa.String(255), nullable=False),
        sa.Column("value_number", sa.Double, nullable=True),
        sa.Column("label_time", sa.DateTime, nullable=False),
        sa.Column("received_at", sa.DateTime, nullable=False),
        sa.Column("source", sa.String(255), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("current_subject", sa.String(64), nullable=True),
        sa.Column("supersedes", sa.String(36), nullable=True),
        sa.Column("superseded_by", sa.String(36), nullable=True),
        sa.Column("superseded_at", sa.DateTime, nullable=True),
        sa.PrimaryKeyConstraint("label_id", name="pk_labels"),
        sa.ForeignKeyConstraint(
            ["import_id"], ["label_imports.import_id"], name="fk_labels_import_id"
        ),
        sa.UniqueConstraint("current_subject", name="uq_labels_current_subject"),
        sa.UniqueConstraint("import_id", "row_number", name="uq_labels_import_id_row_number"),
    )
    op.create_index("ix_labels_score_id", "labels", ["score_id"])
    op.create_index("ix_labels_use_case_record_key", "labels", ["use_case", "record_key"])
    op.create_table(
        "scores",
        sa.Column("score_id", sa.String(36), nullable=False),
        sa.Column("group_id", sa.String(36), nullable=False),
        sa.Column("row_number", sa.Integer, nullable=False),
        sa.Column("record_key", sa.String(255), nullable=False),
        sa.Column("subject_key_id", sa.String(64), nullable=True),
        sa.Column("use_case", sa.String(63), nullable=False),
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("version", sa.String(63), nullable=False),
        sa.Column("prediction", sa.String(255), nullable=False),
        sa.Column("prediction_number", sa.Double, nullable=True),
        sa.Column("probability", sa.Double, nullable=True),
        sa.Column("probabilities", SizedText(SHORT_TEXT), nullable=False),
        sa.Column("segments", SizedText(SHORT_TEXT), nullable=False),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("scored_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("score_id", name="pk_scores"),
        sa.ForeignKeyConstraint(["group_id"], ["score_groups.group_id"], name="fk_scores_group_id"),
        sa.UniqueConstraint("group_id", "row_number", name="uq_scores_group_id_row_number"),
    )
    op.create_index("ix_scores_use_case_record_key", "scores", ["use_case", "record_key"])
    op.create_index("ix_scores_use_case_scored_at", "scores", ["use_case", "scored_at"])


def downgrade() -> None:
    """Remove the tables."""
    op.drop_table("scores")
    op.drop_table("labels")
    op.drop_table("score_groups")
    op.drop_table("runs")
    op.drop_table("reports")
    op.drop_table("label_imports")
    op.drop_table("alias_events")
