"""Scores joined to the truth that arrived later: each score once, with at most one label.

A window may hold millions of scores, so no value is touched one by one here: scores, their groups
and the labels are read one after the other as Arrow columns, and joined there by hashing. Joins
inside the database would look up two labels for each score.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import ColumnElement, Connection, Select, or_, select

from crispml_core.adapters.sql.databases.raw_batches import MOMENT, batches, raw, read_table
from crispml_core.adapters.sql.joins.current_labels import CurrentLabels
from crispml_core.adapters.sql.joins.label_joins import label_rows, scores_of_moments
from crispml_core.adapters.sql.joins.probability_columns import (
    probability_numbers,
    probability_texts,
)
from crispml_core.adapters.sql.schema.group_rows import IN_GROUP, SPAN
from crispml_core.adapters.sql.schema.tables import labels, score_groups, score_rows
from crispml_core.domain.errors import TooLarge
from crispml_core.domain.models import SHADOW
from crispml_core.tables.score_table import OF_CLASS, ids_in_groups

_REPEATING = pa.dictionary(pa.int32(), pa.string())
_SCORES = {
    "score_id": pa.string(),
    "record_key": pa.string(),
    "version": _REPEATING,
    "prediction": pa.string(),
    "probability": pa.float64(),
    "probabilities": pa.string(),
    "segments": _REPEATING,
    "scored_at": MOMENT,
}
_OF_LABEL = ("label", "label_time", "received_at", "propensity")
# By it labels are joined, and by the place of a score; neither is read for the answer alone.
_JOINED_BY = {"score_id": pa.string(), "record_key": pa.string(), "place": pa.int64()}
# What every row needs, and what is read for some columns only.
_ALWAYS = {"place": pa.int64(), "early_id": pa.string(), "record_key": pa.string()}
_FOR = {
    "prediction": {"prediction": pa.string()},
    "probability": {"probability": pa.float64()},
    "probabilities": {"probability": pa.float64(), "by_class": pa.string()},
    "segments": {"segments": pa.string()},
}
_GROUPS = pa.schema(
    [
        ("group_no", pa.int64()),
        ("group_id", pa.string()),
        ("version", pa.string()),
        ("classes", pa.string()),
        ("segments", pa.string()),
        ("scored_at", MOMENT),
    ]
)


def labelled_scores(
    connection: Connection,
    use_case: str,
    *,
    start: datetime | None,
    end: datetime | None,
    version: str | None,
    as_of: datetime | None,
    shadow: bool = False,
    columns: Sequence[str] | None = None,
    most_rows: int | None = None,
) -> pa.Table:
    """Read the table that `crispml_core.ports.score_ledger.ScoreLedger.with_labels` describes.

    Raises
    ------
    TooLarge
        If it has more than `most_rows`; no more of them are read.
    """
    wanted = [*_SCORES, *_OF_LABEL] if columns is None else list(columns)
    at_all = _groups_of(use_case, as_of, shadow)
    which = [*at_all, *_window(start, end, version)]
    scores = _scores(connection, which, wanted, most_rows)
    about = scores["score_id"], scores["record_key"]
    received = "received_at" in wanted
    found = CurrentLabels(connection, use_case, as_of, received=received).about(*about)
    # Whether a score is the last one until a moment depends on those outside of the window too.
    moments = scores_of_moments(connection, use_case, found, at_all)
    rows = label_rows(found, *about, scores["place"], moments)
    for name in _OF_LABEL:
        if name in wanted:
            scores = scores.append_column(name, found[name].take(rows))
    return scores.select(wanted)


def has_timed_labels(connection: Connection, use_case: str) -> bool:
    """Return whether a label is about the last score until a moment, which is found by its key."""
    query = select(labels.c.label_id).where(
        labels.c.use_case == use_case, labels.c.timed_key.is_not(None)
    )
    return connection.execute(query.limit(1)).first() is not None


def _groups_of(use_case: str, as_of: datetime | None, shadow: bool) -> list[ColumnElement[bool]]:
    alias = score_groups.c.alias
    # Who named a version instead of an alias has null there.
    of_shadow = alias == SHADOW if shadow else or_(alias.is_(None), alias != SHADOW)
    known = [] if as_of is None else [score_groups.c.created_at <= as_of]
    return [score_groups.c.use_case == use_case, of_shadow, *known]


def _window(
    start: datetime | None, end: datetime | None, version: str | None
) -> list[ColumnElement[bool]]:
    created_at, which = score_groups.c.created_at, []
    if start is not None:
        which.append(created_at >= start)
    if end is not None:
        which.append(created_at < end)
    if version is not None:
        which.append(score_groups.c.version == version)
    return which


def _scores(
    connection: Connection,
    which: list[ColumnElement[bool]],
    wanted: Sequence[str],
    most_rows: int | None,
) -> pa.Table:
    asked = {n: pa.float64() if n.startswith(OF_CLASS) else _SCORES.get(n) for n in wanted}
    schema = pa.schema(_JOINED_BY | {n: kind for n, kind in asked.items() if kind is not None})
    needed = dict(_ALWAYS)
    for name in wanted:
        needed |= _FOR.get("probabilities" if name.startswith(OF_CLASS) else name, {})
    found = batches(connection, _rows_query(which, needed), pa.schema(needed))
    rows = deque(found if most_rows is None else _up_to(most_rows, found))
    # After the rows: a group that is committed in between is only one too many here.
    of_rows = _GroupsOfRows(read_table(connection, _groups_query(which), _GROUPS))
    finished = (_finished(batch, of_rows(batch["place"]), schema) for batch in _taken(rows))
    return pa.Table.from_batches(finished, schema).unify_dictionaries()


def _groups_query(which: list[ColumnElement[bool]]) -> Select[Any]:
    names = ("group_no", "group_id", "version", "classes", "segments", "created_at")
    return select(*(raw(score_groups.c[name]) for name in names)).where(*which)


def _rows_query(which: list[ColumnElement[bool]], names: Iterable[str]) -> Select[Any]:
    return (
        select(*(score_rows.c[name] for name in names))
        .join_from(score_groups, score_rows, IN_GROUP)
        .where(*which)
        .order_by(score_groups.c.created_at, score_groups.c.group_no, score_rows.c.place)
    )


def _up_to(most_rows: int, found: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    rows = 0
    for batch in found:
        rows += len(batch)
        if rows > most_rows:
            raise TooLarge(
                f"the window has more than {most_rows} scores, which are in memory together: ask "
                "for a shorter one, or raise CRISPML_SCORING__REPORT_ROWS"
            )
        yield batch


def _taken(rows: deque[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the batches and let go of them."""
    while rows:
        yield rows.popleft()


class _GroupsOfRows:
    """What the group of each row says, as columns."""

    def __init__(self, groups: pa.Table) -> None:
        ordered = groups.sort_by("group_no").combine_chunks()
        self._numbers = ordered["group_no"].to_numpy()
        self._columns = {
            name: _few(ordered[name].combine_chunks(), name) for name in ordered.schema.names
        }

    def __call__(self, places: pa.Array) -> dict[str, pa.Array]:
        where = pa.array(np.searchsorted(self._numbers, places.to_numpy() // SPAN))
        return {name: column.take(where) for name, column in self._columns.items()}


def _few(column: pa.Array, name: str) -> pa.Array:
    return column.dictionary_encode() if name in ("version", "segments", "classes") else column


def _finished(
    rows: pa.RecordBatch, group: dict[str, pa.Array], schema: pa.Schema
) -> pa.RecordBatch:
    classes = [name for name in schema.names if name.startswith(OF_CLASS)]
    columns: dict[str, Callable[[], pa.Array]] = {
        "score_id": lambda: _first_of(
            rows["early_id"], ids_in_groups(group["group_id"], rows["place"].to_numpy() % SPAN)
        ),
        "version": lambda: group["version"],
        "scored_at": lambda: group["scored_at"],
        "segments": lambda: _first_of(rows["segments"], group["segments"]),
        "probabilities": lambda: probability_texts(
            rows["probability"], rows["by_class"], group["classes"]
        ),
    }
    found = {n: columns[n]() if n in columns else rows[n] for n in schema.names if n not in classes}
    if classes:
        names = [name.removeprefix(OF_CLASS) for name in classes]
        numbers = probability_numbers(
            names, rows["probability"], rows["by_class"], group["classes"]
        )
        found |= dict(zip(classes, numbers, strict=True))
    return pa.RecordBatch.from_arrays([found[n] for n in schema.names], schema=schema)


def _first_of(own: pa.Array, others: pa.Array) -> pa.Array:
    """Return the own value of each row, or where it has none the other one."""
    if own.null_count == len(own):
        return others
    repeats = pa.types.is_dictionary(others.type)
    if own.null_count:
        own = pc.coalesce(own, others.cast(pa.string()) if repeats else others)
    return own.dictionary_encode() if repeats else own
