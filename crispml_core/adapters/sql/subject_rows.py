"""Scores by whose they are, without an index that every commit would have to keep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, select

from crispml_core.adapters.sql.databases.dialect_sql import is_text
from crispml_core.adapters.sql.databases.engine import reading
from crispml_core.adapters.sql.databases.retries import retried
from crispml_core.adapters.sql.schema.group_rows import SPAN, place
from crispml_core.adapters.sql.schema.tables import score_groups, score_keys, score_rows
from crispml_core.adapters.sql.scores.columns import to_score
from crispml_core.adapters.sql.scores.index import catch_up
from crispml_core.adapters.sql.scores.search import SCORES
from crispml_core.domain.erasures import HeldScore
from crispml_core.domain.models import SHADOW
from crispml_core.domain.scores import Encoding

# So many groups are looked at in one query, or those of so many rows; so many scores are read.
_GROUPS, _ROWS, _SCORES = 1_000, 200_000, 200
_groups = score_groups.c
_HELD = SCORES.add_columns(
    score_rows.c.place, score_rows.c.subject_key_id, _groups.alias, _groups.encoding, _groups.inputs
).order_by(score_rows.c.place)


class SqlSubjectRows:
    """Scores of data subjects in a SQL database; see `crispml_core.ports.subject_rows`.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def scores(self, use_cases: Sequence[str], subject_key_id: str) -> Iterator[HeldScore]:
        """Yield the scores of some use cases with the key of a subject, oldest first."""
        after = 0
        while page := self._page(after):
            for first, last in _ranges(page):
                between = score_rows.c.place.between(place(first, 0), place(last, SPAN) - 1)
                mine = score_rows.c.subject_key_id == subject_key_id
                for held in self._held(self._places(between, mine)):
                    if held.score.use_case in use_cases:
                        yield held
            after = page[-1].group_no

    def scores_of_record(self, use_case: str, record_key: str) -> Iterator[HeldScore]:
        """Yield the scores of a record, oldest first."""
        catch_up(self._engine)
        yield from self._held(self._places_of_record(use_case, record_key))

    @retried
    def _page(self, after: int) -> Sequence[Row[Any]]:
        query = (
            select(_groups.group_no, _groups.row_count)
            .where(_groups.group_no > after)
            .order_by(_groups.group_no)
            .limit(_GROUPS)
        )
        with reading(self._engine) as connection:
            return connection.execute(query).all()

    @retried
    def _places(self, *which: ColumnElement[bool]) -> list[int]:
        query = select(score_rows.c.place).where(*which).order_by(score_rows.c.place)
        with reading(self._engine) as connection:
            return list(connection.execute(query).scalars())

    @retried
    def _places_of_record(self, use_case: str, record_key: str) -> list[int]:
        query = (
            select(score_keys.c.group_no, score_keys.c.row_number)
            .where(
                score_keys.c.use_case == use_case,
                is_text(self._engine.dialect, score_keys.c.record_key, record_key),
            )
            .order_by(score_keys.c.group_no, score_keys.c.row_number)
        )
        with reading(self._engine) as connection:
            return [place(*found) for found in connection.execute(query)]

    def _held(self, places: Sequence[int]) -> Iterator[HeldScore]:
        for start in range(0, len(places), _SCORES):
            yield from self._read(places[start : start + _SCORES])

    @retried
    def _read(self, places: Sequence[int]) -> list[HeldScore]:
        with reading(self._engine) as connection:
            return [_to_held(row) for row in _rows(connection, places)]


def _rows(connection: Connection, places: Sequence[int]) -> Iterator[Row[Any]]:
    groups = sorted({found // SPAN for found in places})
    which = _groups.group_no.in_(groups), score_rows.c.place.in_(places)
    yield from connection.execute(_HELD.where(*which))


def _ranges(page: Sequence[Row[Any]]) -> Iterator[tuple[int, int]]:
    """Yield first and last numbers of groups of a bounded number of rows."""
    first, rows = page[0].group_no, 0
    last = first
    for found in page:
        if rows and rows + found.row_count > _ROWS:
            yield first, last
            first, rows = found.group_no, 0
        last, rows = found.group_no, rows + found.row_count
    yield first, last


def _to_held(row: Row[Any]) -> HeldScore:
    return HeldScore(
        score=to_score(row),
        inputs=row.inputs,
        encoding=Encoding(row.encoding),
        subject_key_id=row.subject_key_id,
        is_shadow=row.alias == SHADOW,
    )
