"""What Alembic executes for every command: run the revisions, or write them as a script."""

from __future__ import annotations

from alembic import context

from crispml_core.adapters.sql.schema import db2_alembic  # noqa: F401 # how it is done on Db2
from crispml_core.adapters.sql.schema.tables import metadata

attributes = context.config.attributes
context.configure(
    connection=attributes.get("connection"),
    url=attributes.get("url"),
    dialect_opts=attributes.get("dialect"),
    target_metadata=metadata,
    render_as_batch=True,
    literal_binds=context.is_offline_mode(),
)
with context.begin_transaction():
    context.run_migrations()
