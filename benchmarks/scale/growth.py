"""How the database grows with scores, and a process with connections."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

from sqlalchemy import func, select

from benchmarks.scale.loads import Loader
from benchmarks.stores.requests import Running
from crispml_core.adapters.sql.databases.engine import make_engine, reading
from crispml_core.adapters.sql.schema.tables import score_groups, score_rows
from crispml_core.capacity.service_times import Line, fit

_CONNECTIONS, _SETTLED_S, _LONGEST_S, _LOOK_S = 200, 1.0, 8.0, 0.25
_SIZES = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}


def bytes_line(loader: Loader, loads: Sequence[int]) -> Line:
    """Return the bytes of a score by the size of its group, its place in the index included.

    Parameters
    ----------
    loads : sequence of int
        Connections of loads whose groups differ in size.
    """
    sizes, costs = [], []
    was = _settled(loader.running)
    for connections in loads:
        loader.keep_busy(connections)
        now = _settled(loader.running)
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


def _settled(running: Running) -> tuple[int, int, int]:
    """Return bytes, scores and groups once the index has followed and the size stays."""
    with running.process.awake():
        ends, since = time.monotonic() + _LONGEST_S, time.monotonic()
        found = _size(running)
        while time.monotonic() < min(ends, since + _SETTLED_S):
            time.sleep(_LOOK_S)
            now = _size(running)
            if now != found:
                found, since = now, time.monotonic()
    return found


def _size(running: Running) -> tuple[int, int, int]:
    engine = make_engine(running.url)
    try:
        with reading(engine) as connection:
            size = connection.exec_driver_sql(_SIZES[running.database.name]).scalar_one()
            rows, groups = (
                connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (score_rows, score_groups)
            )
        return int(size), int(rows), int(groups)
    finally:
        engine.dispose()
