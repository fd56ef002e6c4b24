"""Servers that tests may use: each is somebody's URL in the environment, or missing.

``CRISPML_TEST_POSTGRESQL``
    A database of a PostgreSQL server, for a role that may make databases. Without it
    `scripts/postgresql.sh` starts one, where Debian's packages are installed.
``CRISPML_TEST_DB2_URL``
    A database of Db2, or of what speaks its protocol.
``CRISPML_TEST_INFLUX_URL``, ``CRISPML_TEST_INFLUXQL_URL``
    Where points are written with the protocol of InfluxDB 2, and where they are read with InfluxQL.
``CRISPML_TEST_VICTORIA_URL``
    A VictoriaMetrics, which takes points too and answers PromQL.

Tests that need one have the marker ``server``. What is missing skips on a laptop and fails in CI.
"""

from __future__ import annotations

import os
import subprocess
import time
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import pytest
from sqlalchemy import Column, LargeBinary, Text, create_engine, inspect, make_url
from sqlalchemy.exc import DBAPIError

from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.schema import migrate
from crispml_core.adapters.sql.schema.tables import metadata
from tests.ahead import ahead_if_asked

POSTGRESQL = "CRISPML_TEST_POSTGRESQL"
DB2 = "CRISPML_TEST_DB2_URL"
INFLUX = "CRISPML_TEST_INFLUX_URL"
INFLUXQL = "CRISPML_TEST_INFLUXQL_URL"
VICTORIA = "CRISPML_TEST_VICTORIA_URL"

# Tables of any revision that refer to others, so that they are dropped first.
_REFERRING = ("labels", "scores")

SCRIPT = Path(__file__).parents[1] / "scripts" / "postgresql.sh"


def address(variable: str) -> str:
    """Return the URL of a server; a test that needs it skips without it, or fails in CI."""
    return os.environ.get(variable) or missing(f"{variable} names no server")


def missing(what: str) -> NoReturn:
    """Skip the test for want of something, or fail where everything has to be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@cache
def own_database(name: str = "contract") -> str:
    """Make an empty PostgreSQL database for this process, in place of an earlier one.

    Returns
    -------
    str
        Its URL.
    """
    url = make_url(address(POSTGRESQL))
    name = f"crispml_{name}_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return url.set(database=name).render_as_string(hide_password=False)


@cache
def own_schema(name: str = "contract") -> str:
    """Make an empty schema of Db2 for this process, in place of an earlier one.

    Returns
    -------
    str
        The URL of the database with this schema.
    """
    schema = f"crispml_{name}_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}".upper()
    url = make_url(address(DB2))
    own = url.update_query_dict({"CurrentSchema": schema}).render_as_string(hide_password=False)
    # Who was killed in the middle of an upgrade keeps the catalogue until the server notices.
    deadline = time.monotonic() + 90
    while True:
        try:
            _empty_schema(url.render_as_string(hide_password=False), own, schema)
            return own
        except DBAPIError as error:
            if "SQL0911N" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(1)


def _empty_schema(url: str, own: str, schema: str) -> None:
    first, engine = make_engine(url), make_engine(own)
    with first.begin() as connection:
        if schema.lower() not in inspect(connection).get_schema_names():
            connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    with engine.begin() as connection:
        for view in inspect(connection).get_view_names():
            connection.exec_driver_sql(f"DROP VIEW {view}")
        # By name: to read all of their columns and keys first takes the stand-in ten seconds.
        names = inspect(connection).get_table_names()
        for table in sorted(names, key=lambda name: name not in _REFERRING):
            quoted = engine.dialect.identifier_preparer.quote(table)
            connection.exec_driver_sql(f"DROP TABLE {quoted}")
    first.dispose()
    engine.dispose()


@cache
def db2_is_a_stand_in() -> bool:
    """Return whether it is not Db2 itself that answers in its protocol."""
    engine: Any = make_engine(address(DB2))
    with engine.connect():
        pass
    engine.dispose()
    return not engine.dialect.is_luw


def upgraded(url: str) -> str:
    """Give a database the tables of this release, and return its URL.

    The stand-in of Db2 sends a byte too many in front of a large object that may not be null, where
    one that may be comes before it in the same row. So all of them may be null there.
    """
    migrate.upgrade(url)
    ahead_if_asked(url)
    if make_url(url).get_backend_name() != "db2" or not db2_is_a_stand_in():
        return url
    engine = make_engine(url)
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            for column in table.columns:
                if not column.nullable and _is_large(column):
                    names = engine.dialect.identifier_preparer
                    connection.exec_driver_sql(
                        f"ALTER TABLE {table.name} ALTER COLUMN {names.quote(column.name)} NULL"
                    )
    engine.dispose()
    return url


def _is_large(column: Column[Any]) -> bool:
    kind = getattr(column.type, "impl_instance", column.type)
    return isinstance(kind, (Text, LargeBinary))


class Servers:
    """A plugin of pytest: starts PostgreSQL for a run that may need it, and ends it afterwards.

    Its processes find the server by the environment, also those of pytest-xdist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def start(self) -> None:
        """Start the server, unless there is none to start."""
        if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
            return
        started = subprocess.run(
            [SCRIPT, "start", self._folder], stdout=subprocess.PIPE, text=True, check=True
        )
        os.environ[POSTGRESQL] = started.stdout.strip()

    def pytest_unconfigure(self) -> None:
        """End the server, if it was started."""
        if (self._folder / "data" / "postmaster.pid").exists():
            subprocess.run([SCRIPT, "stop", self._folder], check=True)
