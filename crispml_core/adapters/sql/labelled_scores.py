"""Scores joined to the truth that arrived later: each score once, with at most one label."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    Text,
    and_,
    func,
    or_,
    select,
    type_coerce,
)

from crispml_core.adapters.sql.tables import labels, score_groups, scores

_MOMENT = pa.timestamp("us", "UTC")
_SCHEMA = pa.schema(
    [
        ("score_id", pa.string()),
        ("record_key", pa.string()),
        ("version", pa.string()),
        ("prediction", pa.string()),
        ("probability", pa.float64()),
        ("probabilities", pa.string()),
        ("segments", pa.string()),
        ("scored_at", _MOMENT),
        ("label", pa.string()),
        ("label_time", _MOMENT),
        ("received_at", _MOMENT),
    ]
)
_BATCH_ROWS = 10_000


def labelled_scores(
    connection: Connection,
    use_case: str,
    *,
    start: datetime | None,
    end: datetime | None,
    version: str | None,
    as_of: datetime | None,
) -> pa.Table:
    """Read the table that `crispml_core.ports.score_ledger.ScoreLedger.with_labels` describes.

    Of the labels about one score, and of those about one record key, at most one is current at any
    moment; so two outer joins cannot repeat a score, and no row needs to be looked at twice.
    """
    query = _query(use_case, start, end, version, as_of)
    result = connection.execute(query.execution_options(yield_per=_BATCH_ROWS))
    return pa.Table.from_batches([_batch(rows) for rows in result.partitions()], schema=_SCHEMA)


def _query(
    use_case: str,
    start: datetime | None,
    end: datetime | None,
    version: str | None,
    as_of: datetime | None,
) -> Select[Any]:
    by_id, by_key = labels.alias("by_id"), labels.alias("by_key")
    query = (
        select(
            scores.c.score_id,
            scores.c.record_key,
            scores.c.version,
            scores.c.prediction,
            scores.c.probability,
            type_coerce(scores.c.probabilities, Text),
            type_coerce(scores.c.segments, Text),
            scores.c.scored_at,
            func.coalesce(by_id.c.value_text, by_key.c.value_text),
            func.coalesce(by_id.c.label_time, by_key.c.label_time),
            func.coalesce(by_id.c.received_at, by_key.c.received_at),
        )
        .outerjoin_from(
            scores,
            by_id,
            and_(
                by_id.c.use_case == scores.c.use_case,
                by_id.c.score_id == scores.c.score_id,
                _current(by_id, as_of),
            ),
        )
        .outerjoin(
            by_key,
            and_(
                by_key.c.use_case == scores.c.use_case,
                by_key.c.record_key == scores.c.record_key,
                # A label that names a score is about that score alone, whatever its key says.
                by_key.c.score_id.is_(None),
                _current(by_key, as_of),
            ),
        )
        .where(scores.c.use_case == use_case)
        .order_by(scores.c.score_id)
    )
    if start is not None:
        query = query.where(scores.c.scored_at >= start)
    if end is not None:
        query = query.where(scores.c.scored_at < end)
    if version is not None:
        query = query.where(scores.c.version == version)
    if as_of is not None:
        query = query.join(score_groups, score_groups.c.group_id == scores.c.group_id).where(
            score_groups.c.created_at <= as_of
        )
    return query


def _current(label: FromClause, as_of: datetime | None) -> ColumnElement[bool]:
    if as_of is None:
        return label.c.superseded_at.is_(None)
    return and_(
        label.c.received_at <= as_of,
        or_(label.c.superseded_at.is_(None), label.c.superseded_at > as_of),
    )


def _batch(rows: Sequence[Row[Any]]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, _SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=_SCHEMA)
