"""Notes about data sets as rows, numbered per data set."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, func, insert, select

from crispml_core.adapters.sql.databases.engine import reading, writing
from crispml_core.adapters.sql.databases.errors import ConstraintBroken
from crispml_core.adapters.sql.databases.retries import retried
from crispml_core.adapters.sql.schema.tables import dataset_notes
from crispml_core.domain.catalogue import DataSetNote
from crispml_core.domain.errors import Conflict, PreconditionFailed
from crispml_core.domain.identifiers import utc_now
from crispml_core.ports.dataset_notes import ANY_SEQUENCE

_FIELDS = tuple(field.name for field in fields(DataSetNote))
_ATTEMPTS = 10
_IN_LIST = 500


class SqlDataSetNotes:
    """Notes in a SQL database; see `crispml_core.ports.dataset_notes.DataSetNotes`.

    Two notes about one data set at once compute the same number; the primary key lets one of them
    in, and the other looks again.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    clock : callable
        Returns the current moment in UTC.
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._engine, self._clock = engine, clock

    @retried
    def add(
        self,
        dataset_id: str,
        changes: dict[str, Any],
        *,
        expected: int,
        noted_by: str = "",
        reason: str = "",
        floor: str | None = None,
    ) -> DataSetNote:
        """Append a note, if the newest one is the expected one."""
        newest = select(func.max(dataset_notes.c.sequence)).where(
            dataset_notes.c.dataset_id == dataset_id
        )
        for _ in range(_ATTEMPTS):
            try:
                with writing(self._engine) as connection:
                    last = connection.execute(newest).scalar() or 0
                    if expected not in (ANY_SEQUENCE, last):
                        raise PreconditionFailed("the data set was described anew: look again")
                    note = DataSetNote(
                        dataset_id=dataset_id,
                        sequence=last + 1,
                        noted_at=self._clock(),
                        changes=changes,
                        noted_by=noted_by,
                        reason=reason,
                        floor=floor,
                    )
                    connection.execute(insert(dataset_notes).values(asdict(note)))
                return note
            except ConstraintBroken:
                continue
        raise Conflict("the data set keeps being described: try again")

    @retried
    def of(self, dataset_ids: Collection[str]) -> dict[str, list[DataSetNote]]:
        """Return the notes of some data sets, oldest first."""
        found: dict[str, list[DataSetNote]] = {}
        ids = list(dict.fromkeys(dataset_ids))
        with reading(self._engine) as connection:
            for start in range(0, len(ids), _IN_LIST):
                chunk = ids[start : start + _IN_LIST]
                query = (
                    select(dataset_notes)
                    .where(dataset_notes.c.dataset_id.in_(chunk))
                    .order_by(dataset_notes.c.dataset_id, dataset_notes.c.sequence)
                )
                for row in connection.execute(query):
                    note = DataSetNote(**{name: getattr(row, name) for name in _FIELDS})
                    found.setdefault(note.dataset_id, []).append(note)
        return found
