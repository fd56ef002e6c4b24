"""The rows of a table that are too old, by their ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, and_, delete, exists, func, or_, select

from crispml_core.adapters.sql.databases.among import among
from crispml_core.adapters.sql.schema.tables import (
    deliveries,
    label_imports,
    labels,
    reports,
    runs,
    serving_events,
)
from crispml_core.adapters.sql.scores.marks import Overtaken
from crispml_core.domain.alerts import DeliveryStatus
from crispml_core.domain.identifiers import least_id
from crispml_core.domain.retention import Retained, RetentionRule

# An id is made at about the moment of its row: beyond it by so much there is none to look at.
_SLACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Found:
    """Rows that are too old.

    Parameters
    ----------
    keys : sequence of str
        As a pruning has them.
    delete : callable
        Deletes exactly them in a transaction, and raises `Overtaken` if somebody else deleted one
        of them meanwhile.
    """

    keys: Sequence[str]
    delete: Callable[[Connection], None]


@dataclass(frozen=True, slots=True)
class OldRows:
    """How old rows of one table are told.

    Parameters
    ----------
    key : Column
        Their id, a UUIDv7: rows are walked in the order in which they were made.
    moment : Column
        What is compared; a row without it is not old.
    further : ColumnElement, optional
        What must hold besides.
    """

    key: Column[str]
    moment: Column[datetime]
    further: ColumnElement[bool] | None = None

    def count(self, connection: Connection, rule: RetentionRule, cutoff: datetime) -> int:
        """Return how many rows are too old."""
        query = select(func.count()).select_from(self.key.table).where(self._due(rule, cutoff))
        return int(connection.execute(query).scalar_one())

    def find(
        self, connection: Connection, rule: RetentionRule, cutoff: datetime, limit: int
    ) -> Found:
        """Return the oldest rows, at most `limit`."""
        query = select(self.key).where(self._due(rule, cutoff)).order_by(self.key).limit(limit)
        keys = connection.execute(query).scalars().all()
        return Found(keys, partial(self._delete, keys))

    def _delete(self, keys: Sequence[str], connection: Connection) -> None:
        deleted = sum(
            connection.execute(delete(self.key.table).where(these)).rowcount
            for these in among(connection.dialect, self.key, keys)
        )
        if deleted != len(keys):
            raise Overtaken

    def _due(self, rule: RetentionRule, cutoff: datetime) -> ColumnElement[bool]:
        conditions = [self.moment < cutoff, self.key < least_id(cutoff + _SLACK)]
        conditions += of_rule(rule, self.key.table.c.use_case)
        if self.further is not None:
            conditions.append(self.further)
        return and_(*conditions)


def of_rule(rule: RetentionRule, use_case: Column[Any]) -> list[ColumnElement[bool]]:
    """Return the condition that a row is of the use cases that a rule is about."""
    if rule.use_case is not None:
        return [use_case == rule.use_case]
    return [or_(use_case.is_(None), use_case.not_in(rule.but))] if rule.but else []


OLD_ROWS: dict[Retained, OldRows] = {
    Retained.SERVING_EVENTS: OldRows(serving_events.c.event_id, serving_events.c.occurred_at),
    Retained.DELIVERIES: OldRows(
        deliveries.c.id,
        deliveries.c.created_at,
        deliveries.c.status != DeliveryStatus.PENDING.value,
    ),
    # One that has not ended has no such moment.
    Retained.RUNS: OldRows(runs.c.id, runs.c.finished_at),
    Retained.REPORTS: OldRows(reports.c.id, reports.c.created_at),
    Retained.LABELS: OldRows(labels.c.label_id, labels.c.received_at),
    Retained.LABEL_IMPORTS: OldRows(
        label_imports.c.import_id,
        label_imports.c.received_at,
        ~exists().where(labels.c.import_id == label_imports.c.import_id),
    ),
}
"""All but the groups of scores, which are more than a row."""
