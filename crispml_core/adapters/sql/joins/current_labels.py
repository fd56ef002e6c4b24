"""The labels that count at a moment: all of a use case, or those about some scores."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pyarrow as pa
from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Select,
    and_,
    case,
    cast,
    func,
    null,
    or_,
    select,
)

from crispml_core.adapters.sql.databases.among import among
from crispml_core.adapters.sql.databases.dialect_sql import walked
from crispml_core.adapters.sql.databases.portable import total
from crispml_core.adapters.sql.databases.raw_batches import MOMENT, raw, read_table
from crispml_core.adapters.sql.schema.tables import label_imports, labels

SCHEMA = pa.schema(
    [
        ("score_id", pa.string()),
        ("record_key", pa.string()),
        ("timed_key", pa.string()),
        ("scored_until", MOMENT),
        ("label_id", pa.string()),
        ("label", pa.string()),
        ("label_time", MOMENT),
        ("received_at", MOMENT),
        ("propensity", pa.float64()),
    ]
)
_COLUMNS: dict[str, ColumnElement[Any]] = {
    "score_id": labels.c.score_id,
    "record_key": labels.c.record_key,
    "timed_key": labels.c.timed_key,
    "scored_until": raw(labels.c.scored_until),
    # Only where it decides, because it is the longest of all.
    "label_id": case((labels.c.timed_key.is_not(None), labels.c.label_id)),
    "label": labels.c.value_text,
    "label_time": raw(labels.c.label_time),
    "received_at": raw(labels.c.received_at),
    "propensity": labels.c.propensity,
}
# Of a type, because not every database has a null that may become anything.
_NO_MOMENT = raw(cast(null(), DateTime))
# One look-up costs as much as this many labels that are read one after the other.
_LOOK_UP = 4


class CurrentLabels:
    """The current labels of a use case, now or as of a moment.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Of a transaction that reads.
    use_case : str
        Whose labels.
    as_of : datetime or None
        Only what was stored until then, and what was current then.
    received : bool
        Whether ``received_at`` is read; null otherwise.
    """

    def __init__(
        self,
        connection: Connection,
        use_case: str,
        as_of: datetime | None,
        *,
        received: bool = True,
    ) -> None:
        self._connection, self._use_case, self._as_of = connection, use_case, as_of
        self._columns = _COLUMNS if received else _COLUMNS | {"received_at": _NO_MOMENT}

    def about(self, score_ids: pa.ChunkedArray, record_keys: pa.ChunkedArray) -> pa.Table:
        """Return at least the labels about some scores or their records.

        A few scores are looked up; for many it is quicker to read every label of the use case.
        """
        dialect, use_case = self._connection.dialect, labels.c.use_case
        # By the other column: as good as all labels may be of this use case.
        of_any, mine = walked(dialect, use_case) == self._use_case, use_case == self._use_case
        if _LOOK_UP * len(score_ids) >= self._at_most():
            return self._read([of_any])
        of_record = and_(mine, labels.c.score_id.is_(None))
        found = [
            self._read([condition, others])
            for column, values, others in (
                (labels.c.score_id, score_ids, of_any),
                (labels.c.record_key, record_keys, of_record),
                (labels.c.timed_key, record_keys, of_record),
            )
            for condition in among(dialect, column, values.to_pylist())
        ]
        return pa.concat_tables([SCHEMA.empty_table(), *found])

    def _at_most(self) -> int:
        """Return how many labels the use case has at most."""
        query = select(func.coalesce(total(label_imports.c.row_count), 0)).where(
            label_imports.c.use_case == self._use_case
        )
        return int(self._connection.execute(query).scalar_one())

    def _read(self, conditions: Iterable[ColumnElement[bool]]) -> pa.Table:
        query: Select[Any] = select(*self._columns.values()).where(
            _counts_at(self._as_of), *conditions
        )
        return read_table(self._connection, query, SCHEMA)


def _counts_at(as_of: datetime | None) -> ColumnElement[bool]:
    if as_of is None:
        return labels.c.superseded_at.is_(None)
    return and_(
        labels.c.received_at <= as_of,
        or_(labels.c.superseded_at.is_(None), labels.c.superseded_at > as_of),
    )
