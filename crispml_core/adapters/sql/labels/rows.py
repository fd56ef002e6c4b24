"""Writing the rows of labels, many at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, bindparam, insert, null, update

from crispml_core.adapters.sql.databases.capabilities import capabilities
from crispml_core.adapters.sql.databases.copying import (
    copied_moments,
    copies,
    copy_rows,
    errors_of_psycopg,
)
from crispml_core.adapters.sql.databases.raw_batches import MOMENT
from crispml_core.adapters.sql.schema.tables import labels

_MOMENTS = ("scored_until", "label_time", "received_at", "superseded_at")


def insert_labels(
    connection: Connection,
    batch: pa.RecordBatch,
    columns: Mapping[str, np.ndarray],
    constant: Mapping[str, Any],
) -> None:
    """Insert the labels of a batch.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
        With the columns of `crispml_core.tables.label_table.LABELS`.
    columns : dict of ndarray
        More columns, one entry per label.
    constant : dict
        Columns with one value for all of them.
    """
    if not len(batch):
        return
    is_timed = pc.is_valid(batch["scored_until"])
    by_name = {name: batch[name] for name in batch.schema.names} | {
        # See the comment in the table.
        "record_key": pc.if_else(is_timed, None, batch["record_key"]),
        "timed_key": pc.if_else(is_timed, batch["record_key"], None),
    }
    received_at = constant["received_at"]
    superseded_at = [None if by is None else received_at for by in columns["superseded_by"]]
    every = {
        **{name: [value] * len(batch) for name, value in constant.items()},
        **{name: column.tolist() for name, column in columns.items()},
        "superseded_at": superseded_at,
    }
    if capabilities(connection.dialect).moments_as_text:
        _insert_raw(connection, by_name, every)
    elif copies(connection.dialect):
        _copy(connection, by_name, every)
    else:
        every |= {name: column.to_pylist() for name, column in by_name.items()}
        rows = zip(*every.values(), strict=True)
        connection.execute(insert(labels), [dict(zip(every, row, strict=True)) for row in rows])


def supersede(
    connection: Connection, corrections: Sequence[Mapping[str, Any]], moment: datetime
) -> None:
    """Let labels of other imports be superseded: each by its `later`, the `earlier` one."""
    if corrections:
        connection.execute(
            update(labels)
            .where(labels.c.label_id == bindparam("earlier"))
            .values(current_subject=null(), superseded_by=bindparam("later"), superseded_at=moment),
            sorted(corrections, key=itemgetter("earlier")),
        )


def _insert_raw(
    connection: Connection, by_name: Mapping[str, pa.Array], every: dict[str, list[Any]]
) -> None:
    """Insert through the driver: SQLAlchemy would convert each value of each row by itself."""
    columns = _raw_columns(by_name, every, _texts)
    marks, names = ", ".join("?" * len(columns)), ", ".join(columns)
    connection.exec_driver_sql(
        f"INSERT INTO labels ({names}) VALUES ({marks})",  # noqa: S608
        list(zip(*columns.values(), strict=True)),
    )


def _copy(
    connection: Connection, by_name: Mapping[str, pa.Array], every: dict[str, list[Any]]
) -> None:
    columns = _raw_columns(by_name, every, copied_moments)
    driver: Any = connection.connection.driver_connection
    with errors_of_psycopg():
        copy_rows(driver, labels, list(columns), zip(*columns.values(), strict=True))


def _raw_columns(
    by_name: Mapping[str, pa.Array],
    every: Mapping[str, list[Any]],
    moments: Callable[[pa.Array], list[Any]],
) -> dict[str, list[Any]]:
    """Return all columns as lists, the moments as a driver takes them."""
    columns = {
        name: moments(pa.array(values, MOMENT)) if name in _MOMENTS else values
        for name, values in every.items()
    }
    for name, column in by_name.items():
        columns[name] = moments(column) if name in _MOMENTS else column.to_pylist()
    return columns


def _texts(moments: pa.Array) -> list[str | None]:
    """Return moments as SQLAlchemy writes them on SQLite."""
    texts: list[str | None] = moments.cast(pa.timestamp("us")).cast(pa.string()).to_pylist()
    return texts
