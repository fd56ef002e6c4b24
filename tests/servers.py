"""Database servers that tests may use.

``CRISPML_TEST_POSTGRESQL`` is the SQLAlchemy URL of a database of a PostgreSQL server, for a role
that may make databases. Each test process makes one of its own beside it, anew.
"""

from __future__ import annotations

import os
from functools import cache

from sqlalchemy import create_engine, make_url

POSTGRESQL = os.environ.get("CRISPML_TEST_POSTGRESQL")


@cache
def own_database(name: str = "contract") -> str:
    """Make an empty database for this process, in the place of an earlier one; return its URL."""
    assert POSTGRESQL is not None
    url = make_url(POSTGRESQL)
    name = f"crispml_{name}_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return url.set(database=name).render_as_string(hide_password=False)
