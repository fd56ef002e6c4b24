"""The schema of the release after this one, as far as anybody can know it: it only adds."""

from __future__ import annotations

import os

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Column, Integer, String, text

from crispml_core.adapters.sql.databases.engine import make_engine, writing
from crispml_core.adapters.sql.schema import db2_alembic, migrate
from crispml_core.adapters.sql.schema.tables import metadata

ASKED = "CRISPML_TEST_AHEAD"

assert db2_alembic  # it knows how tables are changed on Db2


def next_revision(steps: int = 1) -> str:
    """Return the name of a revision after the newest one."""
    return f"{int(migrate.head()) + steps:04}"


def go_ahead(url: str) -> str:
    """Take a database one revision on: a column in every table, a table, and indexes."""
    engine = make_engine(url)
    with writing(engine) as connection:
        op = Operations(MigrationContext.configure(connection))
        for table in metadata.sorted_tables:
            op.add_column(table.name, Column("of_the_next_release", Integer, nullable=True))
        op.add_column("runs", Column("priority", Integer, nullable=False, server_default=text("0")))
        op.create_table("of_the_next_release", Column("id", String(36), primary_key=True))
        op.create_index("ix_runs_of_the_next_release", "runs", ["of_the_next_release"])
        op.create_index("ix_labels_of_the_next_release", "labels", ["of_the_next_release"])
    engine.dispose()
    set_revision(url, next_revision())
    return url


def set_revision(url: str, revision: str) -> None:
    """Say that a database is at a revision."""
    engine = make_engine(url)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})
    engine.dispose()


def ahead_if_asked(url: str) -> str:
    """Take a database one revision on where the whole suite is to run there."""
    return go_ahead(url) if os.environ.get(ASKED) else url
