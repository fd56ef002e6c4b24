"""Counts of scores out of their groups."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, extract, func, select

from crispml_core.adapters.sql.databases.engine import reading
from crispml_core.adapters.sql.databases.portable import total
from crispml_core.adapters.sql.databases.retries import retried
from crispml_core.adapters.sql.schema.tables import score_groups
from crispml_core.domain.lineage import ScoreCount

_groups = score_groups.c


class SqlScoreCounts:
    """Counts in a SQL database; see `crispml_core.ports.score_counts.ScoreCounts`.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @retried
    def by_month(
        self,
        use_case: str,
        *,
        version: str | None = None,
        alias: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> list[ScoreCount]:
        """Count the scores of a window by version, alias and month."""
        by = (
            _groups.version,
            _groups.alias,
            extract("year", _groups.created_at),
            extract("month", _groups.created_at),
        )
        query = (
            select(
                *by,
                total(_groups.row_count),
                func.min(_groups.created_at),
                func.max(_groups.created_at),
            )
            .where(_groups.use_case == use_case)
            .group_by(*by)
        )
        for column, wanted in ((_groups.version, version), (_groups.alias, alias)):
            if wanted is not None:
                query = query.where(column == wanted)
        if start is not None:
            query = query.where(_groups.created_at >= start)
        if end is not None:
            query = query.where(_groups.created_at < end)
        with reading(self._engine) as connection:
            found = [
                ScoreCount(
                    version=row[0],
                    alias=row[1],
                    month=f"{int(row[2]):04d}-{int(row[3]):02d}",
                    scores=int(row[4]),
                    first=row[5],
                    last=row[6],
                )
                for row in connection.execute(query)
                if row[4]
            ]
        return sorted(found, key=lambda count: (count.version, count.alias or "", count.month))
