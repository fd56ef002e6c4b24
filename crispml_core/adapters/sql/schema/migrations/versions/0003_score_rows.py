"""Scores as compact rows, and a view that looks like the table they were in.

A score needed 130 bytes, most of which its group has too or which can be computed: its id, the id
of the request. Now a row has only what is its own, and its key is one number that says where it
lies: the number of the group times 2^24, plus the row. The view `scores` has the columns that the
table had, and the facts of the group besides.

Groups without an idempotency key are left out of the index of such keys.

What exists is carried over; rows keep the segments and the request that they had. Ids that do not
say where their score lies stay in their rows. The table is made anew, so the services must be
stopped: the release before cannot write to a view. Going back loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op

from crispml_core.adapters.sql.databases.capabilities import SQLITE, capabilities
from crispml_core.adapters.sql.schema.migrations.score_view import (
    SPAN,
    create_view,
    drop_view,
    quoted,
    scores_query,
)
from crispml_core.adapters.sql.schema.types import SHORT_TEXT, SizedText

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
# From before the rule: the services must be stopped.
step = "rebuild"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_KEY = "score_groups_idempotency_digest"
_OF_ROW = (
    "record_key, prediction, probability, prediction_number, by_class, details, subject_key_id"
)
_KEPT = ", ".join(f"s.{name}" for name in _OF_ROW.split(", "))


def upgrade() -> None:
    """Make the rows and the view, and fill them from the table."""
    op.create_table(
        "score_rows",
        sa.Column("place", _NUMBER, nullable=False, autoincrement=False),
        *_own_columns(),
        sa.Column("by_class", SizedText(SHORT_TEXT), nullable=True),
        sa.Column("segments", SizedText(SHORT_TEXT), nullable=True),
        sa.Column("request_id", sa.String(128), nullable=True),
        sa.Column("details", SizedText(SHORT_TEXT), nullable=True),
        sa.Column("subject_key_id", sa.String(64), nullable=True),
        sa.Column("early_id", sa.String(36), nullable=True),
        sa.PrimaryKeyConstraint("place", name="pk_score_rows"),
    )
    row_number = quoted("row_number")
    op.execute(
        f"INSERT INTO score_rows (place, {_OF_ROW}, segments, request_id, early_id) "  # noqa: S608
        f"SELECT s.group_no * {SPAN} + s.{row_number}, {_KEPT}, s.segments, s.request_id, "
        "e.score_id FROM scores s LEFT JOIN early_score_ids e ON e.score_id = s.score_id "
        f"ORDER BY s.group_no, s.{row_number}"
    )
    op.drop_table("scores")
    _change_groups()
    create_view()


def downgrade() -> None:
    """Make the table and fill it from the rows."""
    drop_view()
    for name in ("segments", "request_id"):
        op.execute(
            f"UPDATE score_rows SET {name} = (SELECT g.{name} FROM score_groups g "  # noqa: S608
            f"WHERE g.group_no = score_rows.place / {SPAN}) WHERE {name} IS NULL"
        )
    # Before another table refers to it: on SQLite it is made anew.
    _change_groups_back()
    op.create_table(
        "scores",
        sa.Column("group_no", _NUMBER, nullable=False),
        sa.Column("row_number", sa.Integer, nullable=False),
        sa.Column("score_id", sa.String(36), nullable=False),
        sa.Column("subject_key_id", sa.String(64), nullable=True),
        *_own_columns(),
        sa.Column("by_class", SizedText(SHORT_TEXT), nullable=True),
        sa.Column("segments", SizedText(SHORT_TEXT), nullable=False),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("details", SizedText(SHORT_TEXT), nullable=True),
        sa.PrimaryKeyConstraint("group_no", "row_number", name="pk_scores"),
        sa.ForeignKeyConstraint(["group_no"], ["score_groups.group_no"], name="fk_scores_group_no"),
        sqlite_with_rowid=False,
    )
    number = quoted("row_number")
    op.execute(
        f"INSERT INTO scores (score_id, group_no, {number}, segments, request_id, {_OF_ROW}) "  # noqa: S608
        f"SELECT s.score_id, s.group_no, s.{number}, s.segments, s.request_id, {_KEPT} "
        f"FROM ({scores_query(of_group=False)}) s ORDER BY s.group_no, s.{number}"
    )
    op.drop_table("score_rows")


def _change_groups() -> None:
    segments = sa.Column("segments", SizedText(SHORT_TEXT), nullable=True)
    request_id = sa.Column("request_id", sa.String(128), nullable=True)
    if not _is_sqlite():
        op.add_column("score_groups", segments)
        op.add_column("score_groups", request_id)
        if _has_partial_indexes():
            op.drop_constraint(f"uq_{_KEY}", "score_groups", type_="unique")
    else:
        # SQLite walks over a large value to reach what lies behind it, so the table is copied.
        with op.batch_alter_table("score_groups", recreate="always") as groups:
            groups.add_column(segments, insert_after="fallback")
            groups.add_column(request_id, insert_after="segments")
            groups.drop_constraint(f"uq_{_KEY}", type_="unique")
    if _has_partial_indexes():
        has_key = sa.text("idempotency_digest IS NOT NULL")
        op.create_index(
            f"ix_{_KEY}",
            "score_groups",
            ["idempotency_digest"],
            unique=True,
            sqlite_where=has_key,
            postgresql_where=has_key,
        )


def _change_groups_back() -> None:
    if _has_partial_indexes():
        op.drop_index(f"ix_{_KEY}", "score_groups")
    with op.batch_alter_table("score_groups") as groups:
        groups.drop_column("segments")
        groups.drop_column("request_id")
        if _has_partial_indexes():
            groups.create_unique_constraint(f"uq_{_KEY}", ["idempotency_digest"])


def _is_sqlite() -> bool:
    return capabilities(op.get_context().dialect) is SQLITE


def _has_partial_indexes() -> bool:
    # Db2 has none; there a unique key leaves out what is null by itself.
    return capabilities(op.get_context().dialect).partial_indexes


def _own_columns() -> Iterable[sa.Column[Any]]:
    yield sa.Column("record_key", sa.String(255), nullable=False)
    yield sa.Column("prediction", sa.String(255), nullable=False)
    yield sa.Column("probability", sa.Double, nullable=True)
    yield sa.Column("prediction_number", sa.Double, nullable=True)
