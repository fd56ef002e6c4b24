"""Searching scores, newest first: through their groups by time, or through the index by key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Dialect, Row, Select, and_, func, or_, select

from crispml_core.adapters.sql.databases.dialect_sql import is_text
from crispml_core.adapters.sql.schema.group_rows import IN_GROUP, ROW_NUMBER, place
from crispml_core.adapters.sql.schema.tables import score_groups, score_keys, score_rows
from crispml_core.adapters.sql.scores.places import find_places
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.models import SHADOW

_rows = score_rows.c
SCORES = select(
    _rows.early_id,
    ROW_NUMBER.label("row_number"),
    _rows.record_key,
    _rows.prediction,
    _rows.prediction_number,
    _rows.probability,
    _rows.by_class,
    func.coalesce(_rows.segments, score_groups.c.segments).label("segments"),
    func.coalesce(_rows.request_id, score_groups.c.request_id).label("request_id"),
    _rows.details,
    score_groups.c.group_no,
    score_groups.c.group_id,
    score_groups.c.use_case,
    score_groups.c.model,
    score_groups.c.version,
    score_groups.c.created_at,
    score_groups.c.classes,
).join_from(score_groups, score_rows, IN_GROUP)

_created_at, _group_no = score_groups.c.created_at, score_groups.c.group_no
_ANSWERED = or_(score_groups.c.alias.is_(None), score_groups.c.alias != SHADOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreSearch:
    """What `crispml_core.ports.score_ledger.ScoreLedger.find` asks for."""

    use_case: str | None
    version: str | None
    record_key: str | None
    start: datetime | None
    end: datetime | None
    limit: int
    before: str | None


def search(connection: Connection, what: ScoreSearch) -> list[Row[Any]]:
    """Return rows of `SCORES`."""
    before = None if what.before is None else _before(connection, what.before)
    # Each use case is a walk along an index; there are few, and their results are merged.
    use_cases = use_cases_with_scores(connection) if what.use_case is None else [what.use_case]
    found = [
        row
        for use_case in use_cases
        for row in connection.execute(_query(connection.dialect, use_case, what, before)).all()
    ]
    if len(use_cases) > 1:
        found.sort(key=lambda row: (row.created_at, row.group_no, row.row_number), reverse=True)
    return found[: what.limit]


def _query(
    dialect: Dialect, use_case: str, what: ScoreSearch, before: tuple[datetime, int] | None
) -> Select[Any]:
    query = (
        SCORES.where(score_groups.c.use_case == use_case, _ANSWERED)
        .order_by(_created_at.desc(), _group_no.desc(), _rows.place.desc())
        .limit(what.limit)
    )
    if what.record_key is not None:
        query = query.join(
            score_keys,
            and_(
                score_keys.c.group_no == _group_no,
                _rows.place == place(score_keys.c.group_no, score_keys.c.row_number),
            ),
        ).where(
            score_keys.c.use_case == use_case,
            is_text(dialect, score_keys.c.record_key, what.record_key),
        )
    if what.version is not None:
        query = query.where(score_groups.c.version == what.version)
    if what.start is not None:
        query = query.where(_created_at >= what.start)
    if what.end is not None:
        query = query.where(_created_at < what.end)
    if before is not None:
        created_at, its_place = before
        query = query.where(
            _created_at <= created_at,
            or_(_created_at < created_at, _rows.place < its_place),
        )
    return query


def _before(connection: Connection, score_id: str) -> tuple[datetime, int]:
    found = find_places(connection, [score_id]).get(score_id)
    if found is None:
        raise InvalidInput("before must be the id of a score")
    group_no, row, _, created_at = found
    return created_at, place(group_no, row)


def use_cases_with_scores(connection: Connection) -> list[str]:
    """Return the use cases that have scores, by one step along the index for each."""
    found: list[str] = []
    while True:
        query = select(func.min(score_groups.c.use_case))
        if found:
            query = query.where(score_groups.c.use_case > found[-1])
        following = connection.execute(query).scalar()
        if following is None:
            return found
        found.append(following)
