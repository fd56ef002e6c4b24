"""Appending score groups and events through SQLAlchemy: the way of every database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, insert, select

from crispml_core.adapters.sql.databases.engine import writing
from crispml_core.adapters.sql.databases.retries import retried
from crispml_core.adapters.sql.event_log import event_row
from crispml_core.adapters.sql.schema.group_rows import place
from crispml_core.adapters.sql.schema.tables import (
    score_groups,
    score_rows,
    serving_events,
    unindexed_groups,
)
from crispml_core.adapters.sql.scores.columns import GROUP_COLUMNS, group_values, row_columns
from crispml_core.domain.events import ServingEvent
from crispml_core.domain.scores import ScoreGroup

_GROUP_NAMES = tuple(column.name for column in GROUP_COLUMNS)
_IN_LIST = 500


@retried
def append_rows(
    engine: Engine, groups: Sequence[ScoreGroup], events: Sequence[ServingEvent]
) -> None:
    """Commit groups and events in one transaction; raises what `writing` raises."""
    with writing(engine) as connection:
        for group in groups:
            _append_group(connection, group)
        _append_events(connection, events)


def _append_group(connection: Connection, group: ScoreGroup) -> None:
    """Insert a group with its scores, and note that their record keys wait for the index."""
    values = dict(zip(_GROUP_NAMES, group_values(group), strict=True))
    done = connection.execute(insert(score_groups).values(values))
    assert done.inserted_primary_key is not None
    group_no = done.inserted_primary_key[0]
    if not group.rows:
        return
    columns = row_columns(group)
    rows = enumerate(zip(*columns.values(), strict=True), start=place(group_no, 0))
    connection.execute(
        insert(score_rows),
        [{"place": at, **dict(zip(columns, row, strict=True))} for at, row in rows],
    )
    if group.shadow_of is None:  # who looks for a record finds what was answered
        connection.execute(insert(unindexed_groups).values(group_no=group_no, next_row=0))


def _append_events(connection: Connection, events: Sequence[ServingEvent]) -> None:
    """Insert the events that are not there yet: a journal may bring one a second time."""
    new = {event.event_id: event for event in events}
    ids = list(new)
    for start in range(0, len(ids), _IN_LIST):
        chunk = ids[start : start + _IN_LIST]
        query = select(serving_events.c.event_id).where(serving_events.c.event_id.in_(chunk))
        for known in connection.execute(query).scalars().all():
            del new[known]
    if new:
        connection.execute(insert(serving_events), [event_row(event) for event in new.values()])
