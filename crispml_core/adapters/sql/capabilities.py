"""What one kind of database can and another cannot, by name."""

from __future__ import annotations

from sqlalchemy import Engine


def appends_through_driver(engine: Engine) -> bool:
    """Whether score groups are appended on the driver's own connection.

    SQLite works inside this process: there SQLAlchemy costs more than the database does, and each
    statement is a moment at which another thread may take the interpreter.
    """
    return engine.dialect.name == "sqlite"
