"""Scores in order of their groups, an index by record key beside them, and serving events.

Groups get a number, and the key of a score becomes its group and row, so that the tables of scores
grow at their ends only. What exists is carried over: ids, digests and roots stay as they are, and
so does the encoding of the inputs. Ids of scores from before do not say where their score lies, so
they are kept in a table of their own.

Tables are made anew under their names, so the services must be stopped: the release before cannot
write to the new ones. Going back drops what the old tables have no place for: events, details,
whether a group was scored by a fallback, and how its inputs are encoded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op

from crispml_core.adapters.sql.schema.types import SHORT_TEXT, SizedText

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
# From before the rule: the services must be stopped.
step = "rebuild"
moves_rows = True

_BLOB_BYTES = 256 * 1024 * 1024
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_BLOCK = 500
_NEW = ("serving_events", "unindexed_groups", "score_keys", "early_score_ids")

Row = sa.Row[Any]


def upgrade() -> None:
    """Make the new tables and fill them from the old ones."""
    if op.get_context().as_sql:  # for tables that are as empty as they were made
        _drop("scores", "score_groups")
        _make_new_tables()
        return
    groups, scores = _set_aside("score_groups", "scores")
    new_groups, new_scores = _make_new_tables()
    first = scores.alias()
    _copy(
        sa.select(groups, first.c.probabilities)
        .outerjoin(first, sa.and_(first.c.group_id == groups.c.group_id, first.c.row_number == 0))
        .order_by(groups.c.created_at, groups.c.group_id),
        new_groups,
        _new_group,
    )
    _copy(
        sa.select(scores, new_groups.c.group_no)
        .join(new_groups, new_groups.c.group_id == scores.c.group_id)
        .order_by(new_groups.c.group_no, scores.c.row_number),
        new_scores,
        _new_score,
    )
    # A word of the language on Db2.
    row_number = op.get_context().dialect.identifier_preparer.quote("row_number")
    op.execute(
        f"INSERT INTO early_score_ids (score_id, group_no, {row_number}) "  # noqa: S608
        f"SELECT score_id, group_no, {row_number} FROM scores ORDER BY score_id"
    )
    op.execute(
        f"INSERT INTO score_keys (use_case, record_key, group_no, {row_number}) "  # noqa: S608
        f"SELECT g.use_case, s.record_key, s.group_no, s.{row_number} "
        "FROM scores s JOIN score_groups g ON g.group_no = s.group_no ORDER BY 1, 2, 3, 4"
    )
    _drop(scores.name, groups.name)


def downgrade() -> None:
    """Make the old tables and fill them from the new ones."""
    if op.get_context().as_sql:
        _drop("scores", *_NEW, "score_groups")
        _make_old_tables()
        return
    groups, scores = _set_aside("score_groups", "scores")
    _drop(*_NEW)
    old_groups, old_scores = _make_old_tables()
    first = scores.alias()
    _copy(
        sa.select(groups, first.c.request_id)
        .outerjoin(first, sa.and_(first.c.group_no == groups.c.group_no, first.c.row_number == 0))
        .order_by(groups.c.group_no),
        old_groups,
        lambda row: {"request_id": row.request_id or ""},
    )
    of_group = (groups.c[name] for name in ("group_id", "use_case", "model", "version", "classes"))
    _copy(
        sa.select(scores, *of_group, groups.c.created_at.label("scored_at"))
        .join(groups, groups.c.group_no == scores.c.group_no)
        .order_by(scores.c.score_id),
        old_scores,
        lambda row: {"probabilities": json.dumps(_by_class(row))},
    )
    _drop(scores.name, groups.name)


def _set_aside(*names: str) -> list[sa.Table]:
    """Move tables under other names, as rows without rules: names of keys may exist only once."""
    tables = []
    for name in names:
        table = sa.Table(name, sa.MetaData(), autoload_with=op.get_bind())
        columns = [sa.Column(c.name, c.type) for c in table.columns]
        aside = op.create_table(f"{name}_aside", *columns)
        rows = sa.select(*table.columns)
        op.execute(aside.insert().from_select([c.name for c in columns], rows))
        tables.append(aside)
    _drop(*reversed(names))
    return tables


def _copy(query: sa.Select[Any], target: sa.Table, change: Callable[[Row], dict[str, Any]]) -> None:
    """Insert the rows of a query: the columns of the same name, and what `change` makes."""
    connection = op.get_bind()
    result = connection.execute(query, execution_options={"yield_per": _BLOCK})
    for block in result.partitions():
        rows = [row._asdict() | change(row) for row in block]
        connection.execute(target.insert(), [_of(target, row) for row in rows])


def _of(table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    return {column.name: row[column.name] for column in table.columns if column.name in row}


def _new_group(row: Row) -> dict[str, Any]:
    classes = list(json.loads(row.probabilities or "{}"))
    return {"classes": json.dumps(classes), "encoding": "arrow", "fallback": 0}


def _new_score(row: Row) -> dict[str, Any]:
    # Both probabilities of a binary score are kept: one minus the other may differ in a last bit.
    values = list(json.loads(row.probabilities).values())
    return {"by_class": json.dumps(values) if values and None not in values else None}


def _by_class(row: Row) -> dict[str, float]:
    classes = json.loads(row.classes)
    if row.by_class is not None:
        return dict(zip(classes, json.loads(row.by_class), strict=True))
    if len(classes) == 2 and row.probability is not None:
        return dict(zip(classes, (1.0 - row.probability, row.probability), strict=True))
    return {}


def _drop(*names: str) -> None:
    for name in names:
        op.drop_table(name)


def _make_new_tables() -> tuple[sa.Table, sa.Table]:
    groups = op.create_table(
        "score_groups",
        sa.Column("group_no", _NUMBER, nullable=False, autoincrement=True),
        *_group_columns(),
        sa.Column("classes", SizedText(SHORT_TEXT), nullable=False),
        sa.Column("encoding", sa.String(16), nullable=False),
        sa.Column("fallback", sa.SmallInteger, nullable=False),
        *_chain_columns(),
        sa.Column("row_digests", sa.LargeBinary(_BLOB_BYTES), nullable=False),
        sa.Column("inputs", sa.LargeBinary(_BLOB_BYTES), nullable=False),
        sa.PrimaryKeyConstraint("group_no", name="pk_score_groups"),
        sa.UniqueConstraint("group_id", name="uq_score_groups_group_id"),
        *_group_keys(),
    )
    op.create_index(
        "ix_score_groups_use_case_created_at_group_no",
        "score_groups",
        ["use_case", "created_at", "group_no"],
    )
    scores = op.create_table(
        "scores",
        sa.Column("group_no", _NUMBER, nullable=False),
        sa.Column("row_number", sa.Integer, nullable=False),
        *_score_columns(),
        sa.Column("by_class", SizedText(SHORT_TEXT), nullable=True),
        sa.Column("segments", SizedText(SHORT_TEXT), nullable=False),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("details", SizedText(SHORT_TEXT), nullable=True),
        sa.PrimaryKeyConstraint("group_no", "row_number", name="pk_scores"),
        sa.ForeignKeyConstraint(["group_no"], ["score_groups.group_no"], name="fk_scores_group_no"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "early_score_ids",
        sa.Column("score_id", sa.String(36), nullable=False),
        sa.Column("group_no", _NUMBER, nullable=False),
        sa.Column("row_number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("score_id", name="pk_early_score_ids"),
    )
    op.create_table(
        "score_keys",
        sa.Column("use_case", sa.String(63), nullable=False),
        sa.Column("record_key", sa.String(255), nullable=False),
        sa.Column("group_no", _NUMBER, nullable=False),
        sa.Column("row_number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint(
            "use_case", "record_key", "group_no", "row_number", name="pk_score_keys"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "unindexed_groups",
        sa.Column("group_no", _NUMBER, nullable=False, autoincrement=False),
        sa.Column("next_row", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("group_no", name="pk_unindexed_groups"),
    )
    op.create_table(
        "serving_events",
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("code", sa.String(63), nullable=False),
        sa.Column("occurred_at", sa.DateTime, nullable=False),
        sa.Column("use_case", sa.String(63), nullable=True),
        sa.Column("version", sa.String(63), nullable=True),
        sa.Column("status", sa.Integer, nullable=True),
        sa.Column("rule", sa.String(63), nullable=True),
        sa.Column("field", sa.String(63), nullable=True),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("payload_digest", sa.String(64), nullable=True),
        sa.Column("detail", SizedText(SHORT_TEXT), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_serving_events"),
    )
    op.create_index(
        "ix_serving_events_use_case_event_id", "serving_events", ["use_case", "event_id"]
    )
    return groups, scores


def _make_old_tables() -> tuple[sa.Table, sa.Table]:
    groups = op.create_table(
        "score_groups",
        *_group_columns(),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("inputs", sa.LargeBinary(_BLOB_BYTES), nullable=False),
        sa.Column("row_digests", sa.LargeBinary(_BLOB_BYTES), nullable=False),
        *_chain_columns(),
        sa.PrimaryKeyConstraint("group_id", name="pk_score_groups"),
        *_group_keys(),
    )
    scores = op.create_table(
        "scores",
        sa.Column("group_id", sa.String(36), nullable=False),
        sa.Column("row_number", sa.Integer, nullable=False),
        *_score_columns(),
        sa.Column("use_case", sa.String(63), nullable=False),
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("version", sa.String(63), nullable=False),
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
    return groups, scores


def _group_columns() -> Iterable[sa.Column[Any]]:
    yield sa.Column("group_id", sa.String(36), nullable=False)
    yield sa.Column("writer_id", sa.String(128), nullable=False)
    yield sa.Column("sequence", sa.BigInteger, nullable=False)
    for name in ("use_case", "model", "version"):
        yield sa.Column(name, sa.String(63), nullable=False)
    yield sa.Column("alias", sa.String(63), nullable=True)
    yield sa.Column("created_at", sa.DateTime, nullable=False)
    yield sa.Column("row_count", sa.Integer, nullable=False)


def _chain_columns() -> Iterable[sa.Column[Any]]:
    yield sa.Column("root", sa.String(64), nullable=False)
    yield sa.Column("previous_root", sa.String(64), nullable=False)
    yield sa.Column("idempotency_key", sa.String(255), nullable=True)
    yield sa.Column("idempotency_digest", sa.String(64), nullable=True)
    yield sa.Column("fingerprint", sa.String(128), nullable=True)


def _group_keys() -> Iterable[sa.UniqueConstraint]:
    yield sa.UniqueConstraint("idempotency_digest", name="uq_score_groups_idempotency_digest")
    yield sa.UniqueConstraint("writer_id", "sequence", name="uq_score_groups_writer_id_sequence")


def _score_columns() -> Iterable[sa.Column[Any]]:
    yield sa.Column("score_id", sa.String(36), nullable=False)
    yield sa.Column("record_key", sa.String(255), nullable=False)
    yield sa.Column("subject_key_id", sa.String(64), nullable=True)
    yield sa.Column("prediction", sa.String(255), nullable=False)
    yield sa.Column("prediction_number", sa.Double, nullable=True)
    yield sa.Column("probability", sa.Double, nullable=True)
