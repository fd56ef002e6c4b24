"""What Alembic executes for every command: run the revisions on the connection it was given."""

from __future__ import annotations

from alembic import context

from crispml_core.adapters.sql.schema import db2_alembic  # noqa: F401 # how it is done on Db2
from crispml_core.adapters.sql.schema.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
