"""How the database grows with scores, and a process with connections."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from sqlalchemy import Engine, func, select

from benchmarks.scale.loads import Loader
from benchmarks.stores.requests import Running
from crispml_core.adapters.sql.databases.engine import make_engine, reading
from crispml_core.adapters.sql.drift_store import SqlDriftStore
from crispml_core.adapters.sql.schema.tables import score_groups, score_rows
from crispml_core.capacity.service_times import Line, fit
from crispml_core.serving.drift_counter import ReferenceCounter

_CONNECTIONS = 200
_SIZES = {
    "sqlite": "SELECT (page_count - freelist_count) * page_size "
    "FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}
_TIDY = {"postgresql": "VACUUM"}


def bytes_line(loader: Loader, loads: Sequence[int]) -> Line:
    """Return the bytes of a score by the size of its group, its place in the index included.

    Parameters
    ----------
    loads : sequence of int
        Connections of loads whose groups differ in size.
    """
    sizes, costs = [], []
    was = _grown(loader.running)
    for connections in loads:
        loader.keep_busy(connections)
        now = _grown(loader.running)
        grown, rows, groups = (after - before for after, before in zip(now, was, strict=True))
        sizes.append(rows / groups)
        costs.append(grown / rows)
        was = now
    return fit(sizes, costs)


def memory(running: Running) -> tuple[float, float]:
    """Return the memory of a process that has scored, in MiB, and of a connection, in KiB."""
    with running.process.awake(), contextlib.ExitStack() as stack:
        idle = running.process.memory_mib()
        for _ in range(_CONNECTIONS):
            connection = stack.enter_context(running.process.connect())
            connection.get("/livez")
        more = running.process.memory_mib() - idle
    return idle, max(0.0, more) * 1024 / _CONNECTIONS


def _grown(running: Running) -> tuple[int, int, int]:
    """Return the bytes in use, scores and groups once all of them are indexed and counted."""
    engine = make_engine(running.url)
    try:
        with running.process.awake():  # it may have stopped while it held what has to be indexed
            # It does the same, in its own time. What it would count is a row an hour.
            SqlDriftStore(engine, ReferenceCounter(lambda use_case, version: None)).catch_up()
        _tidy(engine)
        with reading(engine) as connection:
            size = connection.exec_driver_sql(_SIZES[running.database.name]).scalar_one()
            rows, groups = (
                connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (score_rows, score_groups)
            )
        return int(size), int(rows), int(groups)
    finally:
        engine.dispose()


def _tidy(engine: Engine) -> None:
    """Give the place of marks that are gone back, as a server does from time to time."""
    if engine.dialect.name in _TIDY:
        with engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql(_TIDY[engine.dialect.name])
