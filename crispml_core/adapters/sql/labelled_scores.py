"""Scores joined to the truth that arrived later: each score once, with at most one label.

A window may hold millions of scores, so no value is touched one by one here: the driver's rows
become Arrow arrays in blocks, and what holds for a group is looked up by its number afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    FromClause,
    Select,
    String,
    and_,
    case,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
)

from crispml_core.adapters.sql.capabilities import score_id_sql
from crispml_core.adapters.sql.group_rows import IN_GROUP, SPAN
from crispml_core.adapters.sql.probability_texts import probability_texts
from crispml_core.adapters.sql.tables import labels, score_groups, score_rows
from crispml_core.domain.models import SHADOW
from crispml_core.tables.score_table import ids_in_groups

_MOMENT = pa.timestamp("us", "UTC")
_REPEATING = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        ("score_id", pa.string()),
        ("record_key", pa.string()),
        ("version", _REPEATING),
        ("prediction", pa.string()),
        ("probability", pa.float64()),
        ("probabilities", pa.string()),
        ("segments", _REPEATING),
        ("scored_at", _MOMENT),
        ("label", pa.string()),
        ("label_time", _MOMENT),
        ("received_at", _MOMENT),
        ("propensity", pa.float64()),
    ]
)
_ROWS = pa.schema(
    [
        ("place", pa.int64()),
        ("early_id", pa.string()),
        ("record_key", pa.string()),
        ("prediction", pa.string()),
        ("probability", pa.float64()),
        ("by_class", pa.string()),
        ("segments", pa.string()),
        ("label", pa.string()),
        ("label_time", _MOMENT),
        ("received_at", _MOMENT),
        ("propensity", pa.float64()),
    ]
)
_GROUPS = pa.schema(
    [
        ("group_no", pa.int64()),
        ("group_id", pa.string()),
        ("version", pa.string()),
        ("classes", pa.string()),
        ("segments", pa.string()),
        ("scored_at", _MOMENT),
    ]
)
_BLOCK = 20_000


def labelled_scores(
    connection: Connection,
    use_case: str,
    *,
    start: datetime | None,
    end: datetime | None,
    version: str | None,
    as_of: datetime | None,
    shadow: bool = False,
) -> pa.Table:
    """Read the table that `crispml_core.ports.score_ledger.ScoreLedger.with_labels` describes.

    Of the labels about one score, and of those about one record key, at most one is current at any
    moment; so two outer joins cannot repeat a score, and no row needs to be looked at twice.
    """
    which = _groups_of(use_case, start, end, version, as_of, shadow)
    score_id = _score_id(connection.dialect)
    rows = list(_batches(connection, _rows_query(which, use_case, as_of, score_id), _ROWS))
    # After the rows: a group that is committed in between is only one too many here.
    found = list(_batches(connection, _groups_query(which), _GROUPS))
    groups = pa.Table.from_batches(found, _GROUPS).combine_chunks()
    return pa.Table.from_batches([_finished(batch, groups) for batch in rows], SCHEMA)


def _finished(rows: pa.RecordBatch, groups: pa.Table) -> pa.RecordBatch:
    numbers = groups["group_no"].combine_chunks()
    places = rows["place"].to_numpy()
    of_group = groups.take(pc.index_in(pa.array(places // SPAN), numbers)).combine_chunks()
    group = {name: of_group[name].combine_chunks() for name in of_group.schema.names}
    ids = ids_in_groups(group["group_id"], places % SPAN)
    columns = {name: rows[name] for name in rows.schema.names} | {
        "score_id": pc.coalesce(rows["early_id"], ids),
        "version": group["version"].dictionary_encode(),
        "scored_at": group["scored_at"],
        "segments": pc.coalesce(rows["segments"], group["segments"]).dictionary_encode(),
        "probabilities": probability_texts(rows["probability"], rows["by_class"], group["classes"]),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def _groups_of(
    use_case: str,
    start: datetime | None,
    end: datetime | None,
    version: str | None,
    as_of: datetime | None,
    shadow: bool,
) -> ColumnElement[bool]:
    created_at, alias = score_groups.c.created_at, score_groups.c.alias
    # Who named a version instead of an alias has null there.
    of_shadow = alias == SHADOW if shadow else or_(alias.is_(None), alias != SHADOW)
    which = [score_groups.c.use_case == use_case, of_shadow]
    if start is not None:
        which.append(created_at >= start)
    if end is not None:
        which.append(created_at < end)
    if version is not None:
        which.append(score_groups.c.version == version)
    if as_of is not None:
        which.append(created_at <= as_of)
    return and_(*which)


def _groups_query(which: ColumnElement[bool]) -> Select[Any]:
    names = ("group_no", "group_id", "version", "classes", "segments", "created_at")
    return select(*(_raw(score_groups.c[name]) for name in names)).where(which)


def _score_id(dialect: Dialect) -> ColumnElement[str]:
    computed = score_id_sql(
        dialect,
        "score_groups.group_id",
        f"score_rows.place - score_groups.group_no * {SPAN} + 1",
    )
    return func.coalesce(score_rows.c.early_id, literal_column(computed, String))


def _rows_query(
    which: ColumnElement[bool],
    use_case: str,
    as_of: datetime | None,
    score_id: ColumnElement[str],
) -> Select[Any]:
    by_id, by_key = labels.alias("by_id"), labels.alias("by_key")
    return (
        select(
            score_rows.c.place,
            score_rows.c.early_id,
            score_rows.c.record_key,
            score_rows.c.prediction,
            score_rows.c.probability,
            score_rows.c.by_class,
            score_rows.c.segments,
            func.coalesce(by_id.c.value_text, by_key.c.value_text),
            _raw(func.coalesce(by_id.c.label_time, by_key.c.label_time)),
            _raw(func.coalesce(by_id.c.received_at, by_key.c.received_at)),
            # Not that of the other label when this one has none.
            case((by_id.c.label_id.is_not(None), by_id.c.propensity), else_=by_key.c.propensity),
        )
        .join_from(score_groups, score_rows, IN_GROUP)
        .outerjoin(
            by_id,
            and_(
                by_id.c.use_case == use_case,
                by_id.c.score_id == score_id,
                _current(by_id, as_of),
            ),
        )
        .outerjoin(
            by_key,
            and_(
                by_key.c.use_case == use_case,
                by_key.c.record_key == score_rows.c.record_key,
                # A label that names a score is about that score alone, whatever its key says.
                by_key.c.score_id.is_(None),
                _current(by_key, as_of),
            ),
        )
        .where(which)
        .order_by(score_groups.c.created_at, score_groups.c.group_no, score_rows.c.place)
    )


def _current(label: FromClause, as_of: datetime | None) -> ColumnElement[bool]:
    if as_of is None:
        return label.c.superseded_at.is_(None)
    return and_(
        label.c.received_at <= as_of,
        or_(label.c.superseded_at.is_(None), label.c.superseded_at > as_of),
    )


def _raw(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Leave the values as the driver gives them."""
    return type_coerce(column, String)


def _batches(
    connection: Connection, query: Select[Any], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    result = connection.execute(query, execution_options={"yield_per": _BLOCK})
    for block in result.partitions():
        columns = zip(*block, strict=True)
        arrays = [_array(c, field.type) for c, field in zip(columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return a column; a moment without a zone, as text or as a datetime, is UTC."""
    if not pa.types.is_timestamp(kind):
        return pa.array(values, kind)
    is_text = any(isinstance(value, str) for value in values)
    naive = pa.array(values, pa.string() if is_text else pa.timestamp("us"))
    return naive.cast(pa.timestamp("us")).cast(kind)
