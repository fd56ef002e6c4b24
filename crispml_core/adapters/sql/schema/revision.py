"""Which tables a database has, without the library that migrates it.

A service looks at every start; the migrations themselves are run by a command of their own.
"""

from __future__ import annotations

from sqlalchemy import Engine, inspect

from crispml_core.adapters.sql.databases.engine import reading
from crispml_core.adapters.sql.databases.errors import SETTING, UPGRADE
from crispml_core.domain.errors import NotReady

REVISION = "0006"
"""The newest revision that this release knows; that of the last script in ``migrations``."""
ACCEPTED_AHEAD = 1


class NotUpgraded(NotReady):
    """Raised when the database has not the tables of this release yet."""


def current_revision(engine: Engine) -> str | None:
    """Return the revision of the database, or None when it has no tables yet."""
    with reading(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def check_revision(engine: Engine) -> None:
    """Raise unless this release can work with the database as it is.

    Raises
    ------
    NotUpgraded
        If the database has no tables, or is too old.
    NotReady
        If it is too new.
    StoreUnavailable
        If it does not answer.
    """
    found = current_revision(engine)
    if found is None:
        raise NotUpgraded(f"the database of {SETTING} has no tables yet; {UPGRADE}")
    if int(found) < int(REVISION):
        raise NotUpgraded(
            f"the database of {SETTING} is at revision {found}, this release needs {REVISION}; "
            f"{UPGRADE}"
        )
    if int(found) > int(REVISION) + ACCEPTED_AHEAD:
        raise NotReady(
            f"the database of {SETTING} is at revision {found}, this release knows {REVISION}; "
            "install the release that upgraded it"
        )
