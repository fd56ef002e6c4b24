"""100,000 scores at once: through the ledger, and the same rows through the driver alone."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import uuid4

import pyarrow as pa
from sqlalchemy import Connection, Engine, insert

from benchmarks.harness.fleet import interleave
from benchmarks.harness.places import HOME
from benchmarks.harness.say import say
from benchmarks.harness.workbench import Workbench
from benchmarks.stores.servers import DB2, POSTGRESQL, SQLITE, Database
from crispml_core.adapters.sql.databases.engine import make_engine, writing
from crispml_core.adapters.sql.schema.group_rows import place
from crispml_core.adapters.sql.schema.tables import score_groups, unindexed_groups
from crispml_core.adapters.sql.scores.columns import GROUP_COLUMNS, group_values
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.scores import Encoding, ScoreGroup, ScoreRows, chain_root, new_group_id
from crispml_core.tables.batch_check import MAX_BATCH_ROWS
from crispml_core.tables.row_images import digest_columns, pack_arrow

ROWS = 100_000
_COLUMNS = ("place", "record_key", "prediction", "probability")
_TARGET = f"score_rows ({', '.join(_COLUMNS)})"
_GROUP_NAMES = [column.name for column in GROUP_COLUMNS]
Rows = Iterable[tuple[Any, ...]]


def measure_appends(bench: Workbench, databases: dict[str, Database]) -> dict[str, Any]:
    """Return rows per second by database: of the ledger, and of its driver."""
    parts = list(_parts(bench))
    turns, engines = {}, []
    for name, database in databases.items():
        folder = HOME / "databases" / f"appends-{name}"
        folder.mkdir(parents=True)
        engine = make_engine(database.url(folder))
        engines.append(engine)
        turns[name] = _turn(engine, name, parts, database.settle)
    # A stand-in takes half a minute for what takes the others half a second: once is enough.
    slow = {name: turns.pop(name) for name in (DB2,) if name in turns}
    found = interleave(turns, bench.sizes.rounds, _note) | interleave(slow, 1, _note)
    for engine in engines:
        engine.dispose()
    return {name: _summary(rounds) for name, rounds in found.items()}


def _turn(
    engine: Engine, name: str, parts: list[tuple[ScoreRows, bytes, bytes]], settle: Any
) -> Callable[[], tuple[float, float]]:
    ledger = SqlScoreLedger(engine)

    def turn() -> tuple[float, float]:
        ours = _seconds(_groups(parts), lambda group: ledger.append([group]))
        settle()
        theirs = _seconds(_groups(parts), lambda group: _through_driver(engine, name, group))
        settle()
        while ledger.index_keys(MAX_BATCH_ROWS).has_more:  # as the service does afterwards
            pass
        return ours, theirs

    return turn


def _seconds(groups: list[ScoreGroup], append: Callable[[ScoreGroup], None]) -> float:
    began = time.perf_counter()
    for group in groups:
        append(group)
    return time.perf_counter() - began


def _parts(bench: Workbench) -> Iterator[tuple[ScoreRows, bytes, bytes]]:
    """Yield scores, inputs and digests of the parts that a batch is committed in."""
    records = pa.Table.from_pandas(bench.rows(ROWS), preserve_index=False)
    for first in range(0, ROWS, MAX_BATCH_ROWS):
        some = records[first : first + MAX_BATCH_ROWS].combine_chunks()
        batch = some.to_batches()[0]
        hours = batch["hours_per_week"].to_pylist()
        scores = ScoreRows(
            record_keys=batch[0].to_pylist(),
            predictions=[">50K" if worked > 40 else "<=50K" for worked in hours],
            probabilities=[worked / 97 for worked in hours],
            segments=["{}"] * len(batch),
            request_ids=["benchmark"] * len(batch),
        )
        yield scores, pack_arrow(batch), digest_columns(new_group_id(), scores, batch)


def _groups(parts: list[tuple[ScoreRows, bytes, bytes]]) -> list[ScoreGroup]:
    writer_id, root, groups = str(uuid4()), bytes(32), []
    for sequence, (scores, inputs, digests) in enumerate(parts, start=1):
        groups.append(
            ScoreGroup(
                group_id=new_group_id(),
                writer_id=writer_id,
                sequence=sequence,
                use_case="adult",
                model="adult",
                version="v1",
                alias="champion",
                created_at=utc_now(),
                classes=("<=50K", ">50K"),
                scores=scores,
                inputs=inputs,
                encoding=Encoding.ARROW,
                row_digests=digests,
                root=chain_root(root, writer_id, sequence, digests),
                previous_root=root,
            )
        )
        root = groups[-1].root
    return groups


def _through_driver(engine: Engine, name: str, group: ScoreGroup) -> None:
    """Insert the same rows as its documentation says; only the row of the group is not its work."""
    scores = group.scores
    with writing(engine) as connection:
        values = dict(zip(_GROUP_NAMES, group_values(group), strict=True))
        done = connection.execute(insert(score_groups).values(values))
        assert done.inserted_primary_key is not None
        group_no = done.inserted_primary_key[0]
        places = range(place(group_no, 0), place(group_no, group.rows))
        columns = scores.record_keys, scores.predictions, scores.probabilities
        _DRIVERS[name](connection, zip(places, *columns, strict=True))
        connection.execute(insert(unindexed_groups).values(group_no=group_no, next_row=0))


def _execute_many(connection: Connection, rows: Rows) -> None:
    cursor = connection.connection.cursor()
    cursor.executemany(f"INSERT INTO {_TARGET} VALUES (?, ?, ?, ?)", rows)


def _execute_list(connection: Connection, rows: Rows) -> None:
    _execute_many(connection, list(rows))


def _copy(connection: Connection, rows: Rows) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {_TARGET} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


_DRIVERS: dict[str, Callable[[Connection, Rows], None]] = {
    SQLITE: _execute_many,
    POSTGRESQL: _copy,
    DB2: _execute_list,
}


def _summary(rounds: list[tuple[float, float]]) -> dict[str, Any]:
    ours, theirs = zip(*rounds, strict=True)
    return {
        "rows_per_s": round(ROWS / statistics.median(ours)),
        "driver_rows_per_s": round(ROWS / statistics.median(theirs)),
        "rounds": [round(ROWS / seconds) for seconds in ours],
        "driver_rounds": [round(ROWS / seconds) for seconds in theirs],
    }


def _note(name: str, error: Exception) -> None:
    say(f"{name} is left out: {type(error).__name__}: {error}")
