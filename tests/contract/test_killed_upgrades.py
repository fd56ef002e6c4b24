"""An upgrade whose process is killed on the way leaves the database as it was."""

from __future__ import annotations

import subprocess
import sys

import pytest

from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.schema import migrate
from crispml_core.adapters.sql.schema.tables import metadata
from tests.contract.conftest import OWN, sql_stores
from tests.contract.test_migrations import tables
from tests.databases import params

pytestmark = pytest.mark.trial

# The process says when so many statements are done, and then does nothing until it is killed.
STOPPING = """
import sys, time
from sqlalchemy import event
from sqlalchemy.engine import Engine
from crispml_core.adapters.sql.schema import migrate

url, most, begin = sys.argv[1], int(sys.argv[2]), sys.argv[3]
done = 0

@event.listens_for(Engine, "after_cursor_execute")
def _count(connection, cursor, statement, *_):
    global done
    if done or begin in statement:
        done += 1
    if done == most:
        print("stopped", flush=True)
        time.sleep(600)

migrate.upgrade(url)
print("done", flush=True)
"""


@pytest.fixture(params=params("sqlite", "postgresql", "db2"))
def url(request, tmp_path):
    """The URL of an empty database."""
    if request.param in OWN:
        OWN[request.param].cache_clear()
        return OWN[request.param]("killed")
    return f"sqlite:///{tmp_path}/crispml.db"


@pytest.fixture
def engine(url):
    engine = make_engine(url, create=True)
    yield engine
    engine.dispose()


def kill_on_the_way(url, *, statements, begin):
    command = [sys.executable, "-c", STOPPING, url, str(statements), begin]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "stopped\n"
        process.kill()


@pytest.mark.parametrize("statements", [5, 30, 60])
def test_a_killed_upgrade_of_an_empty_database_left_nothing(url, engine, statements):
    kill_on_the_way(url, statements=statements, begin="CREATE TABLE alembic_version")

    assert migrate.current(url) is None
    assert tables(engine) == set()
    assert migrate.upgrade(url) == migrate.head()
    assert tables(engine) == set(metadata.tables)


@pytest.mark.parametrize("statements", [3, 20])
def test_a_killed_upgrade_of_a_database_in_use_lost_nothing(url, engine, statements):
    migrate.upgrade(url)
    stores = sql_stores(engine)
    stores.score("a", "b")
    kept = stores.ledger.with_labels("credit", start=None, end=None)
    migrate.downgrade(url, "0003")

    kill_on_the_way(url, statements=statements, begin="ALTER TABLE")

    assert migrate.current(url) == "0003"
    migrate.upgrade(url)
    assert stores.ledger.with_labels("credit", start=None, end=None).equals(kept)
