"""Migrations: bring a database to the tables of this release, and tell whether it is there.

Revisions are numbers that count up. A change comes in two steps, the first of which only adds, so
that a release also works on the revision after its own: a database can be upgraded while the
services of the release before still run.
"""

from __future__ import annotations

from collections.abc import Callable

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from crispml_core.adapters.sql.databases.dialect_sql import upgrade_lock
from crispml_core.adapters.sql.databases.engine import make_engine, writing
from crispml_core.adapters.sql.schema.revision import check_revision, current_revision

_SCRIPTS = "crispml_core.adapters.sql.schema:migrations"


def upgrade(url: str) -> str:
    """Bring the database to the newest revision and return it; a missing SQLite file is made.

    Raises
    ------
    StoreUnavailable
        If the database does not answer, or its folder does not exist.
    """
    _run(url, lambda config: command.upgrade(config, "head"))
    return head()


def downgrade(url: str, revision: str) -> None:
    """Take the database back to an earlier revision; ``base`` removes every table and its rows."""
    _run(url, lambda config: command.downgrade(config, revision))


def current(url: str) -> str | None:
    """Return the revision of the database, or None when it has no tables yet."""
    engine = make_engine(url)
    try:
        return current_revision(engine)
    finally:
        engine.dispose()


def head() -> str:
    """Return the newest revision that this release knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision


def check(url: str) -> None:
    """Raise unless this release can work with the database as it is; see `check_revision`."""
    engine = make_engine(url)
    try:
        check_revision(engine)
    finally:
        engine.dispose()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    return config


def _run(url: str, step: Callable[[Config], None]) -> None:
    engine = make_engine(url, create=True)
    try:
        _step(engine, step)
    finally:
        engine.dispose()


def _step(engine: Engine, step: Callable[[Config], None]) -> None:
    config = _config()
    # One transaction around all revisions, and a lock from the beginning: of two upgrades at once
    # the second waits and then finds nothing to do.
    with writing(engine) as connection:
        lock = upgrade_lock(connection.dialect)
        if lock is not None:
            connection.execute(text(lock))
        config.attributes["connection"] = connection
        step(config)
