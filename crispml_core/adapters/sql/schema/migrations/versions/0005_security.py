"""Who may do what, who did what, and the keys of data subjects.

Only additions: the release before works with them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crispml_core.adapters.sql.schema.types import SHORT_TEXT, SizedText

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
step = "expand"

_SEAL_BYTES = 16 * 1024 * 1024
_PRUNED_BYTES = 1024 * 1024


def upgrade() -> None:
    """Add the tables, and who asked for a run."""
    op.add_column(
        "runs", sa.Column("requested_by", sa.String(255), nullable=False, server_default="")
    )
    _add_api_keys()
    _add_audit_log()
    _add_version_approvals()
    _add_subject_keys()
    _add_prunings()


def downgrade() -> None:
    """Remove them in the reverse order."""
    for table in (
        "prunings",
        "erasures",
        "subject_keys",
        "version_approvals",
        "audit_seals",
        "audit_heads",
        "audit_entries",
        "api_keys",
    ):
        op.drop_table(table)
    with op.batch_alter_table("runs") as runs:
        runs.drop_column("requested_by")


def _add_api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("key_digest", sa.String(64), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("current_name", sa.String(255), nullable=True),
        sa.Column("grants", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=True),
        sa.Column("revoked_at", sa.DateTime, nullable=True),
        sa.Column("revoked_by", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_api_keys"),
        sa.UniqueConstraint("key_digest", name="uq_api_keys_key_digest"),
        sa.UniqueConstraint("current_name", name="uq_api_keys_current_name"),
    )


def _add_audit_log() -> None:
    """Keep who did what as one chain, its signed heads, and digests of rows of other tables."""
    op.create_table(
        "audit_entries",
        sa.Column("sequence", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("occurred_at", sa.DateTime, nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("action", sa.String(63), nullable=False),
        sa.Column("resource", sa.String(255), nullable=False),
        sa.Column("use_case", sa.String(63), nullable=True),
        sa.Column("environment", sa.String(16), nullable=False),
        sa.Column("origin", sa.String(64), nullable=False),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("previous_digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit_entries"),
    )
    op.create_index("ix_audit_entries_occurred_at", "audit_entries", ["occurred_at"])
    op.create_index("ix_audit_entries_use_case_sequence", "audit_entries", ["use_case", "sequence"])
    op.create_table(
        "audit_heads",
        sa.Column("sequence", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("signed_at", sa.DateTime, nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit_heads"),
    )
    op.create_table(
        "audit_seals",
        sa.Column("table_name", sa.String(63), nullable=False),
        sa.Column("seal_number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("first_key", sa.String(512), nullable=False),
        sa.Column("last_key", sa.String(512), nullable=False),
        sa.Column("row_count", sa.Integer, nullable=False),
        sa.Column("audit_sequence", sa.BigInteger, nullable=False),
        sa.Column("sealed_at", sa.DateTime, nullable=False),
        sa.Column("row_digests", sa.LargeBinary(_SEAL_BYTES), nullable=False),
        sa.PrimaryKeyConstraint("table_name", "seal_number", name="pk_audit_seals"),
    )


def _add_version_approvals() -> None:
    op.create_table(
        "version_approvals",
        sa.Column("approval_id", sa.String(36), nullable=False),
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("version", sa.String(63), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("report_digest", sa.String(64), nullable=False),
        sa.Column("environment", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.String(255), nullable=False),
        sa.Column("decided_at", sa.DateTime, nullable=False),
        sa.Column("reason", SizedText(SHORT_TEXT), nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("approval_id", name="pk_version_approvals"),
    )
    op.create_index("ix_version_approvals_model_version", "version_approvals", ["model", "version"])


def _add_subject_keys() -> None:
    op.create_table(
        "subject_keys",
        sa.Column("subject_key_id", sa.String(64), nullable=False),
        sa.Column("wrapped_key", sa.String(255), nullable=True),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("destroyed_at", sa.DateTime, nullable=True),
        sa.PrimaryKeyConstraint("subject_key_id", name="pk_subject_keys"),
    )
    op.create_index("ix_subject_keys_destroyed_at", "subject_keys", ["destroyed_at"])
    op.create_table(
        "erasures",
        sa.Column("erasure_id", sa.String(36), nullable=False),
        sa.Column("subject_key_id", sa.String(64), nullable=False),
        sa.Column("erased_at", sa.DateTime, nullable=False),
        sa.Column("requested_by", sa.String(255), nullable=False),
        sa.Column("reason", SizedText(SHORT_TEXT), nullable=False),
        sa.Column("certificate", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("erasure_id", name="pk_erasures"),
    )
    op.create_index("ix_erasures_subject_key_id", "erasures", ["subject_key_id"])


def _add_prunings() -> None:
    op.create_table(
        "prunings",
        sa.Column("pruning_id", sa.String(36), nullable=False),
        sa.Column("table_name", sa.String(63), nullable=False),
        sa.Column("use_case", sa.String(63), nullable=True),
        sa.Column("days", sa.Integer, nullable=False),
        sa.Column("cutoff", sa.DateTime, nullable=False),
        sa.Column("pruned_at", sa.DateTime, nullable=False),
        sa.Column("row_count", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("audit_sequence", sa.BigInteger, nullable=False),
        sa.Column("key_digests", sa.LargeBinary(_PRUNED_BYTES), nullable=False),
        sa.PrimaryKeyConstraint("pruning_id", name="pk_prunings"),
    )
    op.create_index("ix_prunings_table_name_pruning_id", "prunings", ["table_name", "pruning_id"])
