"""Which label belongs to which score: at most one, and the most exact one.

A label under the id of the score counts first, then one about the last score of the record until
some moment, then one about the record. Each kind has at most one current label about the same
thing; only labels with a moment can mean the same score, and then the latest truth counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import ColumnElement, Connection, select

from crispml_core.adapters.sql.databases.among import among
from crispml_core.adapters.sql.databases.raw_batches import MOMENT, raw, read_table
from crispml_core.adapters.sql.schema.group_rows import SPAN
from crispml_core.adapters.sql.schema.tables import score_groups, score_keys

_SCORES = pa.schema([("record_key", pa.string()), ("place", pa.int64()), ("scored_at", MOMENT)])


def label_rows(
    labels: pa.Table,
    score_ids: pa.ChunkedArray,
    record_keys: pa.ChunkedArray,
    places: pa.ChunkedArray,
    of_moments: pa.Table,
) -> pa.ChunkedArray:
    """Return the row of `labels` that each score has, null where it has none.

    Parameters
    ----------
    labels : pyarrow.Table
        From `crispml_core.adapters.sql.joins.current_labels`.
    score_ids, record_keys, places : ChunkedArray
        Of the scores.
    of_moments : pyarrow.Table
        ``row`` of a label with a moment and the ``place`` of the score that it means.
    """
    rows = pa.array(np.arange(labels.num_rows))
    named = pc.is_valid(labels["score_id"])
    by_id = _found(score_ids, labels["score_id"].filter(named), rows.filter(named))
    by_moment = _found(places, of_moments["place"], of_moments["row"])
    # A label that names a score is about that score alone, whatever its key says.
    keyed = pc.and_(pc.is_valid(labels["record_key"]), pc.invert(named))
    by_key = _found(record_keys, labels["record_key"].filter(keyed), rows.filter(keyed))
    return pc.coalesce(by_id, by_moment, by_key)


def scores_of_moments(
    connection: Connection,
    use_case: str,
    labels: pa.Table,
    which: Sequence[ColumnElement[bool]],
) -> pa.Table:
    """Return the score that each label with a moment means: the last one of its record until then.

    Parameters
    ----------
    use_case : str
        Whose labels they are.
    labels : pyarrow.Table
        From `crispml_core.adapters.sql.joins.current_labels`.
    which : sequence of conditions
        On `score_groups`: whose scores count, whatever their time and version.

    Returns
    -------
    pyarrow.Table
        ``row`` in `labels` and ``place``, at most one row per place.
    """
    timed = np.flatnonzero(pc.is_valid(labels["timed_key"]).to_numpy())
    if not len(timed):
        return pa.table({"row": pa.array([], pa.int64()), "place": pa.array([], pa.int64())})
    asked = labels.take(pa.array(timed))
    keys = asked["timed_key"].combine_chunks().dictionary_encode()
    scores = _scores(connection, use_case, keys.dictionary.to_pylist(), which)
    code = pc.index_in(scores["record_key"], keys.dictionary).to_numpy()
    place, made = scores["place"].to_numpy(), _micros(scores["scored_at"])
    last = _last_until(code, made, place, keys.indices.to_numpy(), _micros(asked["scored_until"]))
    # The latest truth last, and of those for one moment the one that came last.
    table = pa.table(
        {
            "row": timed,
            "place": pa.array(np.append(place, -1)[last], mask=last < 0),
            "time": asked["label_time"],
            "id": asked["label_id"],
        }
    ).sort_by([("time", "ascending"), ("id", "ascending")])
    found = table.filter(pc.is_valid(table["place"]))
    return (
        found.group_by("place", use_threads=False)
        .aggregate([("row", "last")])
        .rename_columns(["place", "row"])
    )


def _scores(
    connection: Connection,
    use_case: str,
    keys: list[str],
    which: Sequence[ColumnElement[bool]],
) -> pa.Table:
    query = (
        select(
            score_keys.c.record_key,
            score_keys.c.group_no * SPAN + score_keys.c.row_number,
            raw(score_groups.c.created_at),
        )
        .join(score_groups, score_groups.c.group_no == score_keys.c.group_no)
        .where(score_keys.c.use_case == use_case, *which)
    )
    found = [
        read_table(connection, query.where(condition), _SCORES)
        for condition in among(connection.dialect, score_keys.c.record_key, keys)
    ]
    return pa.concat_tables([_SCORES.empty_table(), *found])


def _last_until(
    code: np.ndarray, made: np.ndarray, place: np.ndarray, asked: np.ndarray, until: np.ndarray
) -> np.ndarray:
    """Return for each question the number of the last score of its record, or -1.

    Scores and questions are put in one order, a question behind the scores of its own moment; then
    the last score before a question is the one it means, if it is of the same record.
    """
    count = len(code)
    codes, times = np.concatenate([code, asked]), np.concatenate([made, until])
    is_question = np.arange(len(codes)) >= count
    order = np.lexsort(
        (np.append(place, np.zeros(len(asked), np.int64)), is_question, times, codes)
    )
    last = np.maximum.accumulate(np.where(is_question[order], -1, np.arange(len(order))))
    before = np.where(last >= 0, order[last], -1)
    same = (before >= 0) & (codes[before] == codes[order])
    answer = np.full(len(codes), -1)
    answer[order] = np.where(same, before, -1)
    return answer[count:]


def _found(values: pa.ChunkedArray, known: pa.ChunkedArray, rows: pa.Array) -> pa.ChunkedArray:
    """Return for each value the row of the same known value."""
    if not len(known):
        return pa.chunked_array([pa.nulls(len(values), pa.int64())])
    if isinstance(known, pa.ChunkedArray):
        known = known.combine_chunks()
    return rows.take(pc.index_in(values, known).combine_chunks())


def _micros(column: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(column.cast(pa.int64()).to_numpy())
