"""Where the score with an id lies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from crispml_core.adapters.sql.schema.tables import early_score_ids, score_groups
from crispml_core.domain.scores import place_of

_IN_LIST = 1_000


def find_places(
    connection: Connection, score_ids: Sequence[str]
) -> dict[str, tuple[int, int, str, datetime]]:
    """Return group number, row, use case and moment of those scores that exist, by their id.

    The id names group and row. Ids from before revision 0002 do not; there is a table of them.
    """
    places = {score_id: place for score_id in score_ids if (place := place_of(score_id))}
    groups: dict[str, tuple[int, int, str, datetime]] = {}
    for chunk in _chunks([group_id for group_id, _ in places.values()]):
        query = select(
            score_groups.c.group_id,
            score_groups.c.group_no,
            score_groups.c.row_count,
            score_groups.c.use_case,
            score_groups.c.created_at,
        ).where(score_groups.c.group_id.in_(chunk))
        for group_id, *facts in connection.execute(query):
            groups[group_id] = tuple(facts)
    found = {}
    for score_id, (group_id, row) in places.items():
        if group_id not in groups:
            continue
        group_no, row_count, use_case, made = groups[group_id]
        if row < row_count:
            found[score_id] = (group_no, row, use_case, made)
    return found | _early(connection, [one for one in score_ids if one not in found])


def _early(
    connection: Connection, score_ids: Sequence[str]
) -> dict[str, tuple[int, int, str, datetime]]:
    found: dict[str, tuple[int, int, str, datetime]] = {}
    for chunk in _chunks(score_ids):
        query = (
            select(
                early_score_ids.c.score_id,
                early_score_ids.c.group_no,
                early_score_ids.c.row_number,
                score_groups.c.use_case,
                score_groups.c.created_at,
            )
            .join(score_groups, score_groups.c.group_no == early_score_ids.c.group_no)
            .where(early_score_ids.c.score_id.in_(chunk))
        )
        for score_id, *place in connection.execute(query):
            found[score_id] = tuple(place)
    return found


def _chunks(values: Sequence[str]) -> Iterator[list[str]]:
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), _IN_LIST):
        yield distinct[start : start + _IN_LIST]
