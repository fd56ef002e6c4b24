"""A server ends a deadlock by undoing one transaction; whoever indexes or counts does it again."""

from __future__ import annotations

import threading
import time

import pytest

from crispml_core.adapters.sql.engine import make_engine
from crispml_core.adapters.sql.tables import uncounted_groups, unindexed_groups
from tests.contract.conftest import KINDS
from tests.servers import POSTGRESQL

pytestmark = pytest.mark.skipif(
    POSTGRESQL is None, reason="CRISPML_TEST_POSTGRESQL names no server"
)


@pytest.fixture
def stores(tmp_path, empty):
    with KINDS["postgresql"](tmp_path, empty) as opened:
        yield opened


@pytest.fixture
def other(empty):
    """A connection of somebody else."""
    engine = make_engine(empty("postgresql"))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.mark.parametrize(
    ("table", "work"),
    [
        (unindexed_groups, lambda stores: stores.ledger.index_keys(100)),
        (uncounted_groups, lambda stores: stores.drift.advance(100)),
    ],
    ids=["index", "counts"],
)
def test_who_is_undone_does_it_again(stores, other, table, work):
    for key in "ab":
        stores.score(key)
    if table is uncounted_groups:
        stores.ledger.index_keys(100)
    first, second = (table.select().where(table.c.group_no == n).with_for_update() for n in (1, 2))
    done = []

    other.execute(second)
    worker = threading.Thread(target=lambda: done.append(work(stores)))
    worker.start()
    # It holds the first mark by now, and looks for a deadlock a second after it began to wait.
    time.sleep(0.5)
    other.execute(first)
    worker.join()
    other.rollback()

    assert done == [0]
    assert work(stores) == 2
