"""What the life of a model after its release needs.

Only additions, each in a function of its own: the release before works with them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from crispml_core.adapters.sql.schema.migrations.score_view import without_view
from crispml_core.adapters.sql.schema.types import SHORT_TEXT, SizedText

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
step = "expand"

_TIMED = "ix_labels_use_case_timed_key"


def upgrade() -> None:
    """Add the columns and tables."""
    _add_label_columns()
    _bind_alias_events()
    _add_dataset_notes()
    _add_challenger_columns()
    _add_version_health()
    _make_reports_searchable()
    _add_bundle_imports()
    _add_drift_counts()
    _make_monitoring()
    op.create_index("ix_runs_method_status", "runs", ["method", "status"])


def downgrade() -> None:
    """Remove them in the reverse order."""
    op.drop_index("ix_runs_method_status", "runs")
    _drop_monitoring()
    op.drop_table("approvals")
    op.drop_table("bundle_imports")
    op.drop_table("version_health")
    _forget_report_questions()
    _drop_drift_counts()
    _drop_challenger_columns()
    _unbind_alias_events()
    op.drop_table("dataset_notes")
    _drop_label_columns()


def _add_label_columns() -> None:
    """Keep the propensity of a label, and labels about the last score until a moment."""
    op.add_column("labels", sa.Column("propensity", sa.Double, nullable=True))
    op.add_column("labels", sa.Column("timed_key", sa.String(255), nullable=True))
    op.add_column("labels", sa.Column("scored_until", sa.DateTime, nullable=True))
    is_timed = sa.text("timed_key IS NOT NULL")
    op.create_index(
        _TIMED,
        "labels",
        ["use_case", "timed_key"],
        sqlite_where=is_timed,
        postgresql_where=is_timed,
    )


def _drop_label_columns() -> None:
    op.drop_index(_TIMED, "labels")
    op.drop_column("labels", "scored_until")
    op.drop_column("labels", "timed_key")
    op.drop_column("labels", "propensity")


def _bind_alias_events() -> None:
    """Bind a move to the bytes of its version, and say where it was made."""
    for name, length in (("environment", 16), ("digest", 64)):
        op.add_column(
            "alias_events", sa.Column(name, sa.String(length), nullable=False, server_default="")
        )


def _unbind_alias_events() -> None:
    with op.batch_alter_table("alias_events") as events:
        events.drop_column("digest")
        events.drop_column("environment")


def _add_dataset_notes() -> None:
    """Keep what people say about data sets, which themselves never change."""
    op.create_table(
        "dataset_notes",
        sa.Column("dataset_id", sa.String(64), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("noted_at", sa.DateTime, nullable=False),
        sa.Column("changes", sa.Text, nullable=False),
        sa.Column("noted_by", sa.String(255), nullable=False),
        sa.Column("reason", SizedText(SHORT_TEXT), nullable=False),
        sa.Column("floor", sa.String(16), nullable=True),
        sa.PrimaryKeyConstraint("dataset_id", "sequence", name="pk_dataset_notes"),
    )


def _add_challenger_columns() -> None:
    """Keep the share of a challenger with the move, and what a shadow score is the shadow of."""
    no_share = sa.text("0")  # a number: Db2 takes no text for one
    op.add_column(
        "alias_events", sa.Column("traffic", sa.Double, nullable=False, server_default=no_share)
    )
    op.add_column("score_groups", sa.Column("shadow_of", sa.String(36), nullable=True))


def _drop_challenger_columns() -> None:
    with without_view():
        op.drop_column("score_groups", "shadow_of")
    op.drop_column("alias_events", "traffic")


def _add_version_health() -> None:
    """Keep what was judged about versions in service."""
    op.create_table(
        "version_health",
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("version", sa.String(63), nullable=False),
        sa.Column("healthy", sa.SmallInteger, nullable=False),
        sa.Column("streak", sa.Integer, nullable=False),
        sa.Column("fit", sa.SmallInteger, nullable=False),
        sa.Column("reason", SizedText(SHORT_TEXT), nullable=False),
        sa.Column("judged_at", sa.DateTime, nullable=False),
        sa.Column("judged_by", sa.String(255), nullable=False),
        sa.Column("evidence", sa.String(128), nullable=False),
        sa.Column("idempotency_digest", sa.String(64), nullable=True),
        sa.Column("fingerprint", sa.String(128), nullable=True),
        sa.PrimaryKeyConstraint("model", "sequence", name="pk_version_health"),
        sa.UniqueConstraint("idempotency_digest", name="uq_version_health_idempotency_digest"),
    )
    op.create_index(
        "ix_version_health_model_version_sequence",
        "version_health",
        ["model", "version", "sequence"],
    )


def _make_reports_searchable() -> None:
    """Keep the question of a report and its digest beside its content."""
    for name in ("window_start", "window_end", "as_of"):
        op.add_column("reports", sa.Column(name, sa.DateTime, nullable=True))
    op.add_column("reports", sa.Column("version", sa.String(63), nullable=True))
    op.add_column("reports", sa.Column("digest", sa.String(64), nullable=True))
    op.create_index("ix_reports_digest", "reports", ["digest"])


def _forget_report_questions() -> None:
    op.drop_index("ix_reports_digest", "reports")
    for name in ("digest", "version", "as_of", "window_end", "window_start"):
        op.drop_column("reports", name)


def _add_bundle_imports() -> None:
    """Keep which bundles were taken in, and the approvals that came with them."""
    op.create_table(
        "bundle_imports",
        sa.Column("bundle", sa.String(64), nullable=False),
        *_of_version(),
        sa.Column("imported_at", sa.DateTime, nullable=False),
        sa.Column("imported_by", sa.String(255), nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("bundle", name="pk_bundle_imports"),
    )
    op.create_table(
        "approvals",
        sa.Column("approval_digest", sa.String(64), nullable=False),
        *_of_version(),
        sa.Column("alias", sa.String(63), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("moved_at", sa.DateTime, nullable=False),
        sa.Column("moved_by", sa.String(255), nullable=False),
        sa.Column("reason", SizedText(SHORT_TEXT), nullable=False),
        sa.Column("bundle", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("approval_digest", name="pk_approvals"),
    )
    for table in ("bundle_imports", "approvals"):
        op.create_index(f"ix_{table}_model_version", table, ["model", "version"])


def _of_version() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("version", sa.String(63), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("environment", sa.String(16), nullable=False),
    )


def _add_drift_counts() -> None:
    """Count scores by hour in the cells of their version, and note which are not counted yet."""
    op.create_table(
        "uncounted_groups",
        sa.Column(
            "group_no",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            nullable=False,
            autoincrement=False,
        ),
        sa.PrimaryKeyConstraint("group_no", name="pk_uncounted_groups"),
    )
    op.create_table(
        "drift_counts",
        sa.Column("use_case", sa.String(63), nullable=False),
        sa.Column("version", sa.String(63), nullable=False),
        sa.Column("window_start", sa.DateTime, nullable=False),
        sa.Column("segment", sa.String(255), nullable=False),
        sa.Column("row_count", sa.BigInteger, nullable=False),
        sa.Column("cells", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint(
            "use_case", "version", "window_start", "segment", name="pk_drift_counts"
        ),
    )
    op.create_index("ix_labels_use_case_label_time", "labels", ["use_case", "label_time"])


def _drop_drift_counts() -> None:
    op.drop_index("ix_labels_use_case_label_time", "labels")
    op.drop_table("drift_counts")
    op.drop_table("uncounted_groups")


def _make_monitoring() -> None:
    """Keep what rules found, and what they set off."""
    op.create_table(
        "monitor_evaluations",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("use_case", sa.String(63), nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("champion", sa.String(63), nullable=True),
        sa.Column("decisions", sa.Text, nullable=False),
        sa.Column("states", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_monitor_evaluations"),
        sa.UniqueConstraint(
            "use_case", "sequence", name="uq_monitor_evaluations_use_case_sequence"
        ),
        sa.UniqueConstraint("use_case", "at", name="uq_monitor_evaluations_use_case_at"),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("use_case", sa.String(63), nullable=False),
        sa.Column("rule", sa.String(63), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("firing_key", sa.String(64), nullable=True),
        sa.Column("first_seen", sa.DateTime, nullable=False),
        sa.Column("last_seen", sa.DateTime, nullable=False),
        sa.Column("resolved_at", sa.DateTime, nullable=True),
        sa.Column("acknowledged_at", sa.DateTime, nullable=True),
        sa.Column("acknowledged_by", sa.String(255), nullable=False),
        sa.Column("evaluation_id", sa.String(36), nullable=False),
        sa.Column("summary", SizedText(SHORT_TEXT), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.UniqueConstraint("firing_key", name="uq_alerts_firing_key"),
    )
    op.create_index("ix_alerts_use_case_id", "alerts", ["use_case", "id"])
    op.create_table(
        "trigger_actions",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("use_case", sa.String(63), nullable=False),
        sa.Column("rule", sa.String(63), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("evaluation_id", sa.String(36), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("run_id", sa.String(36), nullable=True),
        sa.Column("version", sa.String(63), nullable=True),
        sa.Column("detail", SizedText(SHORT_TEXT), nullable=False),
        sa.Column("reason", SizedText(SHORT_TEXT), nullable=False),
        sa.Column("champion", sa.String(63), nullable=True),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("decided_at", sa.DateTime, nullable=True),
        sa.Column("decided_by", sa.String(255), nullable=False),
        sa.Column("decided_why", SizedText(SHORT_TEXT), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_trigger_actions"),
    )
    op.create_index("ix_trigger_actions_use_case_id", "trigger_actions", ["use_case", "id"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("use_case", sa.String(63), nullable=False),
        sa.Column("type", sa.String(63), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("next_attempt_at", sa.DateTime, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("delivered_at", sa.DateTime, nullable=True),
        sa.Column("outcome", SizedText(SHORT_TEXT), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
    )
    op.create_index(
        "ix_deliveries_status_next_attempt_at", "deliveries", ["status", "next_attempt_at"]
    )


def _drop_monitoring() -> None:
    for table in ("deliveries", "trigger_actions", "alerts", "monitor_evaluations"):
        op.drop_table(table)
