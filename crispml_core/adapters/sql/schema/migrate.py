"""Migrations: bring a database to the tables of this release, and tell whether it is there.

Revisions are numbers that count up, one for each release that changes the tables. A change comes in
two steps, the first of which only adds (see `steps`), so that a release also works on the revision
after its own: a database can be upgraded while the services of the release before still run.
"""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from crispml_core.adapters.sql.databases.engine import make_engine, writing
from crispml_core.adapters.sql.databases.scripts import script_dialect
from crispml_core.adapters.sql.databases.upgrade_lock import one_upgrade_at_a_time
from crispml_core.adapters.sql.schema.revision import check_revision, current_revision
from crispml_core.adapters.sql.schema.steps import Step, steps
from crispml_core.domain.errors import InvalidInput

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


def pending(revision: str | None) -> list[Step]:
    """Return the steps from a revision, or from no tables, to the newest one."""
    return [
        s for s in steps(ScriptDirectory.from_config(_config())) if s.revision > (revision or "")
    ]


def script(url: str, revision: str | None) -> str:
    """Return the SQL that brings a database from a revision, or from no tables, to the newest one.

    Nothing is opened: the URL says for which kind of database it is written.

    Raises
    ------
    InvalidInput
        If there is no such revision, or a script is not enough.
    """
    if revision is not None and revision not in {step.revision for step in pending(None)}:
        raise InvalidInput("there is no such revision; look with: crispml db current")
    # From no tables on there are no rows to carry over.
    moving = [step.revision for step in pending(revision) if step.moves_rows and revision]
    if moving:
        raise InvalidInput(
            f"revision {moving[0]} carries rows over, which no script can; run: crispml db upgrade"
        )
    return statements(url, revision or "base", "head")


def statements(url: str, start: str, end: str) -> str:
    """Return the SQL of revisions, upwards or downwards, for tables without rows."""
    written = StringIO()
    config = _config(written)
    config.attributes["url"], config.attributes["dialect"] = script_dialect(url)
    step = command.downgrade if _number(end) < _number(start) else command.upgrade
    step(config, f"{start}:{end}", sql=True)
    return written.getvalue()


def _number(revision: str) -> int:
    return int({"base": "0", "head": head()}.get(revision, revision))


def _config(output: StringIO | None = None) -> Config:
    config = Config(output_buffer=output)
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
    # One transaction around all revisions: an upgrade that fails or is killed changes nothing.
    with one_upgrade_at_a_time(engine), writing(engine) as connection:
        config.attributes["connection"] = connection
        step(config)
