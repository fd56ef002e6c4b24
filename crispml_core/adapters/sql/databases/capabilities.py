"""What one kind of database can and another cannot, by name."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Dialect, Engine


def appends_through_driver(engine: Engine) -> bool:
    """Whether score groups are appended on the driver's own connection.

    SQLite works inside this process: there SQLAlchemy costs more than the database does, and each
    statement is a moment at which another thread may take the interpreter.
    """
    return engine.dialect.name == "sqlite"


def score_id_sql(dialect: Dialect, group_id: str, number: str) -> str:
    """Return the SQL of `crispml_core.domain.scores.score_id`.

    Parameters
    ----------
    group_id, number : str
        SQL of the id of the group, and of the row plus one.
    """
    return f"substr({group_id}, 1, 30) || {_six_hex_digits(dialect.name, number)}"


def _six_hex_digits(name: str, number: str) -> str:
    if name == "sqlite":
        return f"printf('%06x', {number})"
    if name == "postgresql":
        return f"lpad(to_hex({number}), 6, '0')"
    # Db2 writes no whole number in hexadecimal digits, but can pick them one by one.
    return " || ".join(
        f"substr('0123456789abcdef', mod(({number}) / {16**power}, 16) + 1, 1)"
        for power in range(5, -1, -1)
    )


def reads_json_lists(dialect: Dialect) -> bool:
    """Whether a list of texts can be one parameter, as JSON."""
    return dialect.name == "sqlite"


def fetches_as_it_goes(dialect: Dialect) -> bool:
    """Whether a plain cursor finds rows while they are fetched, and not all of them before."""
    return dialect.name == "sqlite"


def walked(dialect: Dialect, column: ColumnElement[str]) -> ColumnElement[str]:
    """Return a column whose index is left alone, where the whole table is read faster.

    SQLite has no figures to see that by itself: it would jump from an index to every row.
    """
    return column.concat("") if dialect.name == "sqlite" else column


def takes_moments_as_text(dialect: Dialect) -> bool:
    """Whether the driver takes a moment as text, and rows as they are."""
    return dialect.name == "sqlite"


def before_import(dialect: Dialect) -> tuple[str, ...]:
    """Return the statements that a label import begins with.

    A lock lets imports come one after the other: two of the same labels could wait for each other's
    rows. SQLite has one writer anyway. PostgreSQL has no figures about rows that its own
    transaction stores, and would read the whole table again for each batch.
    """
    if dialect.name == "sqlite":
        return ()
    lock = "LOCK TABLE label_imports IN EXCLUSIVE MODE"
    by_index = ("SET LOCAL enable_seqscan = off",) if dialect.name == "postgresql" else ()
    return (lock, *by_index)


def upgrade_lock(dialect: Dialect) -> str | None:
    """Return the statement that lets upgrades come one after the other, if there is one.

    SQLite has one writer anyway. PostgreSQL lets two transactions make a table of one name, and
    fails the second.
    """
    return "SELECT pg_advisory_xact_lock(63727370)" if dialect.name == "postgresql" else None
