"""A server of Db2 is killed or frozen and comes back, while scores are answered.

The driver is IBM's. Its server is told by the environment; only a stand-in whose processes are told
too can be killed.
"""

import os
import time
from collections import Counter

import pytest
from sqlalchemy import make_url, select

from benchmarks.faults.db2 import BRIDGE, Db2
from benchmarks.faults.load import Load
from benchmarks.faults.service import until
from crispml_core.adapters.sql.databases.engine import make_engine, reading
from crispml_core.adapters.sql.schema.tables import score_rows
from tests.servers import DB2, address, missing, own_schema

pytestmark = [pytest.mark.slow, pytest.mark.server]

PATIENCE_S = 4.0
SOON_S = 3
TIMES = {
    "scoring__commit_timeout_s": PATIENCE_S,
    "database__statement_timeout_s": 10,
    "database__busy_timeout_s": 3,
    "database__connect_timeout_s": 2,
    "database__pool_timeout_s": 2,
    "database__retry_s": 1,
}
HARM = {"killed": Db2.killed, "frozen": Db2.frozen}


@pytest.fixture(scope="module")
def db2():
    url = make_url(address(DB2))
    if BRIDGE not in os.environ:
        missing(f"{BRIDGE} names no process that may be killed")
    found = Db2(url.port)
    yield found
    found.close()


def goes_to(durability, load):
    until(lambda: load.heard.told[-1].durability == durability, 120, f"they go to the {durability}")


@pytest.mark.parametrize("harm", HARM)
def test_no_score_is_lost_or_doubled_and_the_probes_tell_the_truth(serve, world, db2, harm):
    on_server = world.on(own_schema(f"away_{harm}"))
    service = serve(on=on_server, **TIMES)
    assert service.checks()["database"] == "ok"
    # The driver takes long for a text in a row: more scores would wait in the journal for minutes.
    with Load(service, "k", connections=2, pause_s=0.4) as load:
        until(lambda: load.heard.told)
        goes_to("database", load)
        with HARM[harm](db2):
            goes_to("journal", load)
            began = time.monotonic()
            assert service.ask("GET", "/livez")[0] == 200
            assert time.monotonic() - began < SOON_S
            assert service.ask("GET", "/readyz")[0] == 200
            checks = service.checks()
            assert "does not answer" in checks["database"]
            assert "transactions wait for the database" in checks["journal"]
            ended = time.monotonic()
        goes_to("database", load)
        heard = load.stop()
    assert heard.refused == []
    # The driver notices silence after its time-out, and tries a new connection as long once more.
    assert heard.slowest(began, ended) < 3 * SOON_S
    until(lambda: service.metric("crispml_journal_transactions") == 0, 120)
    told = Counter((one.record_key, one.prediction, one.probability) for one in heard.told)
    assert stored(on_server.url) == told
    assert set(told.values()) == {1}
    until(lambda: service.checks()["database"] == "ok")


def stored(url):
    """Return how often each score is stored."""
    engine, score = make_engine(url), score_rows.c
    with reading(engine) as connection:
        rows = connection.execute(select(score.record_key, score.prediction, score.probability))
        found = Counter(rows.tuples())
    engine.dispose()
    return found
