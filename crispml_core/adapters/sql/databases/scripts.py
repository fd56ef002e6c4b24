"""For which database a script is written that is run without CrispML."""

from __future__ import annotations

from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from crispml_core.adapters.sql.databases.errors import SETTING
from crispml_core.domain.errors import InvalidInput


def script_dialect(url: str) -> tuple[str, dict[str, Any]]:
    """Return what Alembic makes the dialect of a script from: a URL without secrets, and options.

    Raises
    ------
    InvalidInput
        If the URL is none, or a script for its kind of database cannot be written.
    """
    try:
        kind = make_url(url).get_backend_name()
    except (ArgumentError, ValueError):
        raise InvalidInput(f"{SETTING} is not a database URL") from None
    if kind == "postgresql":
        return "postgresql+psycopg://", {}
    if kind == "db2":
        # Not at the top: it needs the driver. Importing it makes the name known.
        from crispml_core.adapters.sql.databases.db2 import DRIVER, LUW

        return f"db2+{DRIVER}://", LUW
    raise InvalidInput(
        f"the database of {SETTING} is upgraded without a script; run: crispml db upgrade"
    )
