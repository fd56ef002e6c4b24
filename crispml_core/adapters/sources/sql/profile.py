"""What the columns of a source hold, found out by the database before anything is read.

The figures are those of `crispml_core.tables.profile`, and quantiles besides. A quantile is a value
that occurs: the smallest that so large a share of the values do not exceed (``percentile_disc``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array

from crispml_core.adapters.sources.sql.expressions import value_sql
from crispml_core.adapters.sources.sql.relations import Clause
from crispml_core.adapters.sources.sql.source import SqlRecordSource
from crispml_core.adapters.sources.sql.spelling import (
    POSTGRESQL,
    counts_many_distinct,
    kind,
    knows_percentiles,
    moment,
)
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.expressions import FieldRef
from crispml_core.domain.fields import Field
from crispml_core.domain.sources import Selection
from crispml_core.domain.use_case import UseCase, kind_of
from crispml_core.tables.schema import arrow_type

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
TOP = 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def profile_source(
    source: SqlRecordSource, use_case: UseCase, selection: Selection
) -> dict[str, Any]:
    """Return how many rows a selection has and what its columns hold.

    Returns
    -------
    dict
        ``rows``, and under ``columns`` what `crispml_core.tables.profile.Profile` gives, with
        ``quantiles`` for numbers. Of keys, and of fields whose privacy is not ``keep``, it says
        only how many values are missing and different.

    Raises
    ------
    InvalidInput
        If a field is missing, or the database refuses a statement.
    """
    with source.database.reading() as connection:
        asked = source.ask(connection, selection)
        if asked.lacking:
            fields = (*use_case.schema.names, use_case.target.name)
            lacking = ", ".join(name for name in fields if name not in asked.names)
            raise InvalidInput(f"use case {use_case.name}: the query does not give {lacking}")
        if asked.while_reading is not None:
            raise InvalidInput("sample: this database knows no hash; look at every row")
        rows = asked.select.order_by(None).subquery("rows_of_source")
        return _Profiler(connection, use_case, rows).result()


class _Profiler:
    def __init__(self, connection: sa.Connection, use_case: UseCase, rows: sa.Subquery) -> None:
        self._connection, self._rows = connection, rows
        self._kind = kind(connection.dialect)
        self._keys = {use_case.record_key, use_case.subject_key}
        self._fields = (*use_case.fields, use_case.target.field)
        self._values = {field.name: self._value(field) for field in self._fields}

    def result(self) -> dict[str, Any]:
        total, found = self._at_once()
        for field in self._fields:
            column = found[field.name]
            known = column.pop("known")
            if not self._shows(field):
                continue
            if field.is_numeric:
                column["quantiles"] = self._quantiles(field, known)
            if field.type in ("category", "boolean"):
                column["top"] = self._top(field)
        return {"rows": total, "columns": found}

    def _shows(self, field: Field) -> bool:
        """Whether values of a field may be seen."""
        return field.privacy == "keep" and field.name not in self._keys

    def _value(self, field: Field) -> Clause:
        """Return a column in a form that can be compared, with nothing that is not finite."""
        column: Clause = self._rows.c[field.name]
        match field.type:
            case "integer":
                return sa.cast(column, sa.BigInteger())
            case "number" | "boolean":
                name = field.name
                return value_sql(FieldRef(name), {name: column}, {name: kind_of(field)}, self._kind)
            case "datetime":
                return moment(self._kind, column)
        return column

    def _at_once(self) -> tuple[int, dict[str, dict[str, Any]]]:
        """Return what one statement can find: counts, extremes and means."""
        asked: dict[str, Clause] = {"total": sa.func.count()}
        apart = not counts_many_distinct(self._connection.dialect)
        for number, field in enumerate(self._fields):
            value = self._values[field.name]
            asked[f"known_{number}"] = sa.func.count(value)
            if not apart:
                asked[f"distinct_{number}"] = sa.func.count(sa.distinct(value))
            if not self._shows(field):
                continue
            if field.is_numeric or field.type in ("date", "datetime"):
                asked[f"minimum_{number}"] = sa.func.min(value)
                asked[f"maximum_{number}"] = sa.func.max(value)
            if field.is_numeric:
                asked[f"mean_{number}"] = sa.func.sum(sa.cast(value, sa.Double()))
        figures = dict(self._row(asked))
        total = int(figures["total"])
        found = {}
        for number, field in enumerate(self._fields):
            if apart:
                distinct = {"different": sa.func.count(sa.distinct(self._values[field.name]))}
                figures[f"distinct_{number}"] = self._row(distinct)["different"]
            found[field.name] = self._column(field, number, figures, total)
        return total, found

    def _row(self, asked: Mapping[str, Clause]) -> Mapping[str, Any]:
        columns = [clause.label(name) for name, clause in asked.items()]
        select = sa.select(*columns).select_from(self._rows)
        return dict(self._connection.execute(select).mappings().one())

    def _column(
        self, field: Field, number: int, figures: Mapping[str, Any], total: int
    ) -> dict[str, Any]:
        known = int(figures[f"known_{number}"])
        column = {
            "type": str(arrow_type(field)),
            "missing": total - known,
            "distinct": int(figures[f"distinct_{number}"]),
            "distinct_is_exact": True,
            "known": known,
        }
        if f"minimum_{number}" in figures:
            column["minimum"] = _plain(field, figures[f"minimum_{number}"])
            column["maximum"] = _plain(field, figures[f"maximum_{number}"])
        if f"mean_{number}" in figures:
            column["mean"] = float(figures[f"mean_{number}"]) / known if known else None
        return column

    def _quantiles(self, field: Field, known: int) -> dict[str, Any]:
        value = self._values[field.name]
        if not known:
            return {str(share): None for share in QUANTILES}
        if knows_percentiles(self._connection.dialect):
            found = self._percentiles(value)
        else:
            ordered = sa.select(value).where(value.is_not(None)).order_by(value)
            ranks = [max(1, math.ceil(share * known)) for share in QUANTILES]
            found = [
                self._connection.execute(ordered.limit(1).offset(rank - 1)).scalar_one()
                for rank in ranks
            ]
        return {
            str(share): _plain(field, value) for share, value in zip(QUANTILES, found, strict=True)
        }

    def _percentiles(self, value: Clause) -> Sequence[Any]:
        if self._kind == POSTGRESQL:
            # All shares at once: one sort.
            shares: Any = sa.cast(array(list(QUANTILES)), sa.ARRAY(sa.Double()))
            together = sa.func.percentile_disc(shares).within_group(value)
            return list(self._row({"shares": together})["shares"])
        apart: dict[str, Clause] = {
            f"share_{number}": sa.func.percentile_disc(sa.literal_column(str(share))).within_group(
                value
            )
            for number, share in enumerate(QUANTILES)
        }
        return list(self._row(apart).values())

    def _top(self, field: Field) -> list[dict[str, Any]]:
        value = self._values[field.name]
        count = sa.func.count().label("n")
        select = sa.select(value.label("v"), count).where(value.is_not(None)).group_by(value)
        pairs = [(_plain(field, row.v), int(row.n)) for row in self._connection.execute(select)]
        ranked = sorted(pairs, key=lambda pair: (-pair[1], str(pair[0])))
        return [{"value": value, "count": n} for value, n in ranked[:TOP]]


def _plain(field: Field, value: Any) -> Any:
    """Return a value as the profile of a data set has it."""
    if value is None:
        return None
    match field.type:
        case "integer":
            return int(value)
        case "number":
            return float(value)
        case "boolean":
            return bool(value)
        case "date":
            return value.isoformat() if isinstance(value, date) else str(value)
        case "datetime":
            if isinstance(value, int):
                value = _EPOCH + timedelta(microseconds=value)
            at: datetime = value
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    return str(value)
