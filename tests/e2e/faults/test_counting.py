"""Who counts scores is killed, again and again, and each score is in the counts once."""

import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing

import pytest

from benchmarks.faults.load import under_load

pytestmark = pytest.mark.slow

KILLS = 8
# Counts in steps that are as small as can be, so that a kill strikes within one.
COUNT = """
import sys
from pathlib import Path
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.adapters.volume.model_registry import VolumeModelRegistry
from crispml_core.bootstrap.drift import drift_store

engine = make_engine(sys.argv[1])
ledger, counts = SqlScoreLedger(engine), drift_store(engine, VolumeModelRegistry(Path(sys.argv[2])))
print("ready", flush=True)
while True:
    ledger.index_keys(5)
    counts.advance(5)
"""


def counter(world):
    process = subprocess.Popen(
        [sys.executable, "-c", COUNT, world.url, world.registry], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    return process


def rows(world, query):
    with closing(sqlite3.connect(world.database, timeout=10)) as connection:
        return Counter(dict(connection.execute(query).fetchall()))


def stored(world):
    return rows(world, "SELECT version, SUM(row_count) FROM score_groups GROUP BY version")


def counted(world):
    return rows(
        world,
        "SELECT version, SUM(row_count) FROM drift_counts WHERE segment = '' GROUP BY version",
    )


def test_kills_of_those_that_count_lose_and_double_nothing(serve, world):
    service = serve()
    with under_load(service, "k", connections=8) as load:
        time.sleep(2)
        load.stop()
    service.kill()
    before = counted(world)
    moments, struck = random.Random(0), 0
    for _ in range(KILLS):
        both = [counter(world), counter(world)]
        time.sleep(moments.uniform(0.01, 0.2))
        for process in both:
            process.kill()
            process.communicate()
        now, whole = counted(world), stored(world)
        assert all(before[version] <= now[version] <= whole[version] for version in now)
        struck += now != whole
        before = now
    assert struck > KILLS / 2, "there was nothing left to count when it was killed"

    again = serve()
    status, _ = again.ask("GET", "/api/v1/use-cases/orders/drift")
    assert status == 200
    assert sum(stored(world).values()) > 300
    assert counted(world) == stored(world)


def test_a_service_that_is_killed_while_it_counts_loses_and_doubles_nothing(serve, world):
    moments = random.Random(1)
    for number in range(4):
        service = serve(server__workers=2)
        with under_load(service, f"k{number}", connections=4) as load:
            time.sleep(0.3)
            load.stop()
        time.sleep(moments.uniform(0.1, 0.8))  # its workers are idle now: they index and count
        service.kill()
    found = serve().get("/api/v1/use-cases/orders/drift")
    assert found["versions"] == dict(stored(world)) == dict(counted(world))
    assert found["rows"] == stored(world)[world.versions[0]]
    assert {field["field"] for field in found["fields"]} >= {"amount", "channel", "prediction"}
