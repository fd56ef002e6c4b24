"""How often each truth became known: sums over the labels of a period, never over scores.

A correction takes the place of the label that it corrects (`labels.current_subject`), so a record
counts once however often its truth was corrected.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, and_, case, func, select

from crispml_core.adapters.sql.databases.engine import reading
from crispml_core.adapters.sql.databases.portable import real, whole
from crispml_core.adapters.sql.databases.retries import retried
from crispml_core.adapters.sql.schema.tables import labels

_value = labels.c.value_number


class SqlLabelCounts:
    """Counts of labels; see `crispml_core.ports.drift_store.LabelCounts`.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @retried
    def classes(self, use_case: str, *, start: datetime, end: datetime) -> dict[str, int]:
        """Return how many current labels of a time in [start, end) have each class."""
        query = (
            select(labels.c.value_text, func.count())
            .where(_current(use_case, start, end))
            .group_by(labels.c.value_text)
        )
        with reading(self._engine) as connection:
            return {value: int(number) for value, number in connection.execute(query)}

    @retried
    def numbers(
        self,
        use_case: str,
        *,
        start: datetime,
        end: datetime,
        edges: Sequence[float],
        mean: float,
        sd: float,
        farthest: float,
    ) -> tuple[list[int], float, float]:
        """Return current labels by bin, and the sum and squares of (value - mean) / sd."""
        least, *uppers = edges
        places = [(_value < least, whole(0))]
        places += [(_value <= upper, whole(place)) for place, upper in enumerate(uppers, start=1)]
        cell = case(*places, else_=whole(len(uppers) + 1)).label("cell")
        # Compared before it is divided: a server takes a number that is too large for an error.
        away = case(
            (_value < mean - farthest * sd, real(-farthest)),
            (_value > mean + farthest * sd, real(farthest)),
            else_=(_value - mean) / sd,
        )
        query = (
            select(cell, away.label("away"))
            .where(_current(use_case, start, end), _value.is_not(None))
            .subquery()
        )
        sums = select(
            query.c.cell,
            func.count(),
            func.sum(query.c.away),
            func.sum(query.c.away * query.c.away),
        ).group_by(query.c.cell)
        counts, total, squares = [0] * (len(uppers) + 2), 0.0, 0.0
        with reading(self._engine) as connection:
            for place, number, of_cell, squares_of_cell in connection.execute(sums):
                counts[place] = int(number)
                total += float(of_cell)
                squares += float(squares_of_cell)
        return counts, total, squares


def _current(use_case: str, start: datetime, end: datetime) -> ColumnElement[bool]:
    return and_(
        labels.c.use_case == use_case,
        labels.c.label_time >= start,
        labels.c.label_time < end,
        labels.c.current_subject.is_not(None),
    )
