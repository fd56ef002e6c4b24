"""The view `scores`, as revision 0003 makes it: what was a table before, put together again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op

from crispml_core.adapters.sql.databases.dialect_sql import score_id_sql

SPAN = 2**24


def create_view() -> None:
    """Make the view."""
    op.execute(f"CREATE VIEW scores AS {scores_query()}")


def drop_view() -> None:
    """Remove it; nothing is lost."""
    op.execute("DROP VIEW scores")


@contextmanager
def without_view() -> Iterator[None]:
    """Change tables that the view is made of: a column under a view cannot be dropped on Db2."""
    drop_view()
    yield
    create_view()


def quoted(name: str) -> str:
    """Return a name that is a word of the language on Db2."""
    return op.get_context().dialect.identifier_preparer.quote(name)


def scores_query(*, of_group: bool = True) -> str:
    """Return the query of the view; not `of_group` where the group has no columns for all rows.

    A whole number divided by a whole one is rounded down by every database here. The join is an
    outer one, so that a database walks over the rows and finds the group of each, not the reverse.
    """
    row = f"r.place - r.place / {SPAN} * {SPAN}"
    score_id = score_id_sql(op.get_context().dialect, "g.group_id", f"{row} + 1")
    segments, request_id = (
        f"COALESCE(r.{name}, g.{name})" if of_group else f"r.{name}"
        for name in ("segments", "request_id")
    )
    return (
        f"SELECT COALESCE(r.early_id, {score_id}) AS score_id, g.group_id, "  # noqa: S608
        f"r.place / {SPAN} AS group_no, {row} AS {quoted('row_number')}, r.record_key, "
        f"r.subject_key_id, g.use_case, g.model, g.{quoted('version')}, "
        "r.prediction, r.prediction_number, r.probability, "
        f"r.by_class, {segments} AS segments, {request_id} AS request_id, r.details, "
        "g.created_at AS scored_at "
        f"FROM score_rows r LEFT JOIN score_groups g ON g.group_no = r.place / {SPAN}"
    )
