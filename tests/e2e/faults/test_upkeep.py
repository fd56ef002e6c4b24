"""Keys are indexed and scores counted on a server while scores are answered."""

import time
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select, text

from benchmarks.faults.load import under_load
from benchmarks.faults.service import until
from benchmarks.faults.world import USE_CASE
from crispml_core.adapters.sql.databases.engine import make_engine, reading, writing
from crispml_core.adapters.sql.schema.tables import (
    drift_counts,
    score_keys,
    score_rows,
    uncounted_groups,
    unindexed_groups,
)
from crispml_core.domain.drift import OVERALL
from crispml_core.rest.server import UNFINISHED

pytestmark = pytest.mark.slow

# A commit that waited for a step would wait so long.
PATIENCE_S = 12.0
WAITING = text(
    "SELECT COUNT(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.fixture
def database(server_world):
    engine = make_engine(server_world.server)
    yield engine
    engine.dispose()


def number_of(database, what):
    with reading(database) as connection:
        return connection.execute(what).scalar() or 0


def rows_of(database, table):
    return number_of(database, select(func.count()).select_from(table))


@contextmanager
def held(database):
    """Hold the marks of all groups, as a process does that indexes them."""
    until(lambda: rows_of(database, unindexed_groups) > 0)
    with writing(database) as connection:
        connection.execute(select(unindexed_groups).with_for_update())
        until(lambda: number_of(database, WAITING) > 0, what="a step waits")
        yield


def test_no_answer_waits_for_a_step_that_waits(serve, server_world, database):
    service = serve(
        on=server_world,
        scoring__commit_timeout_s=PATIENCE_S,
        database__busy_timeout_s=PATIENCE_S,
        database__statement_timeout_s=PATIENCE_S,
    )
    with under_load(service, "k", connections=8, pause_s=0.01) as load:
        with held(database):
            began = time.monotonic()
            time.sleep(3.0)
            ended = time.monotonic()
        heard = load.stop()
    assert heard.refused == []
    assert heard.durabilities() == {"database"}
    assert heard.slowest(began, ended) < 2.0


def test_a_reader_does_not_wait_for_ever_for_one_that_is_frozen(serve, server_world, database):
    service = serve(on=server_world, database__busy_timeout_s=1, database__statement_timeout_s=2)
    by_key = f"/api/v1/scores?use_case={USE_CASE}&record_key=k-0"
    with under_load(service, "k", connections=8, pause_s=0.01) as load:
        with held(database):
            status, told = service.ask("GET", by_key)
            assert status == 503
            assert b"another process holds scores" in told
        assert service.ask("GET", by_key)[0] == 200
        load.stop()


@pytest.mark.parametrize("workers", [1, 2])
def test_no_stop_waits_for_a_step_that_hangs(serve, server, server_world, database, workers):
    service = serve(
        on=server_world,
        server__workers=workers,
        scoring__commit_timeout_s=1,
        journal__drain_s=2,
    )
    with (
        under_load(service, "k", connections=8, pause_s=0.01) as load,
        held(database),
        server.frozen(),
    ):
        until(lambda: load.heard.told[-1].durability == "journal", 30)
        load.stop()
        began = time.monotonic()
        assert service.stop() == UNFINISHED
        assert time.monotonic() - began < 30.0


def test_all_is_indexed_and_counted_though_nobody_asks(serve, server_world, database):
    service = serve(on=server_world, server__workers=2)
    with under_load(service, "k", connections=8) as load:
        time.sleep(1)
        load.stop()
    until(lambda: rows_of(database, unindexed_groups) == rows_of(database, uncounted_groups) == 0)
    scores = rows_of(database, score_rows)
    counted = select(func.sum(drift_counts.c.row_count)).where(drift_counts.c.segment == OVERALL)
    assert scores == rows_of(database, score_keys) == number_of(database, counted)
