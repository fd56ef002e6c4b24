"""The database of a process, opened as the settings say."""

from __future__ import annotations

from sqlalchemy import Engine

from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.settings import CrispMLSettings


def open_database(settings: CrispMLSettings, *, busy_timeout_s: float | None = None) -> Engine:
    """Return an engine; nothing is opened before its first use.

    Parameters
    ----------
    busy_timeout_s : float, optional
        How long a statement waits for a lock, if not as long as the settings say.

    Raises
    ------
    InvalidInput
        If the URL is none, or its driver is not installed.
    """
    return make_engine(
        settings.database.url.get_secret_value(),
        busy_timeout_s=busy_timeout_s or settings.database.busy_timeout_s,
    )
