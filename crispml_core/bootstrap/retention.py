"""What follows the rules of retention without a service: for a command that a timer starts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from crispml_core.adapters.sql.retention.store import SqlRetentionStore
from crispml_core.adapters.sql.schema.revision import check_revision
from crispml_core.bootstrap.database import open_database
from crispml_core.pipelines.retention import Retention
from crispml_core.settings import CrispMLSettings


@contextmanager
def open_retention(settings: CrispMLSettings) -> Iterator[Retention]:
    """Open the database of the settings for as long as its rules are followed.

    Raises
    ------
    NotReady
        If the database has not the tables of this release.
    StoreUnavailable
        If it does not answer.
    """
    engine = open_database(settings, "retention")
    try:
        check_revision(engine)
        store = SqlRetentionStore(engine, environment=settings.environment)
        yield Retention(settings.retention.rules(), store)
    finally:
        engine.dispose()
