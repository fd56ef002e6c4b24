"""A service that starts before its database is migrated waits for it, and not for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.schema import migrate
from crispml_core.bootstrap.database import await_database
from crispml_core.domain.errors import NotReady, StoreUnavailable


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/crispml.db"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = make_engine(url)
    yield made
    made.dispose()


def test_it_goes_on_once_somebody_has_migrated(url: str, engine: Engine) -> None:
    migration = threading.Timer(0.7, migrate.upgrade, [url])
    migration.start()
    began = time.monotonic()

    await_database(engine, 60)

    assert 0.6 < time.monotonic() - began < 30
    migration.join()


def test_it_waits_no_longer_than_it_was_told(engine: Engine) -> None:
    began = time.monotonic()
    with pytest.raises((NotReady, StoreUnavailable)):
        await_database(engine, 1.2)
    assert 0.4 < time.monotonic() - began < 10


def test_without_patience_it_looks_once(engine: Engine) -> None:
    began = time.monotonic()
    with pytest.raises((NotReady, StoreUnavailable)):
        await_database(engine, 0)
    assert time.monotonic() - began < 0.5


def test_a_database_that_is_too_new_is_not_waited_for(url: str, engine: Engine) -> None:
    migrate.upgrade(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    began = time.monotonic()
    with pytest.raises(NotReady):
        await_database(engine, 60)
    assert time.monotonic() - began < 5
