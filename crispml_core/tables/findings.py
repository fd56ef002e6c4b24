"""A bounded collector of what is wrong with a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crispml_core.domain.errors import InvalidRecords, Problem

if TYPE_CHECKING:
    import numpy as np


class Findings:
    """Counts every finding and keeps the first ones by row number.

    A table of any size with a problem in every cell costs a few kilobytes.
    """

    SHOWN = InvalidRecords.SHOWN

    def __init__(self) -> None:
        self.total = 0
        self._kept: list[Problem] = []

    def __len__(self) -> int:
        return self.total

    def __bool__(self) -> bool:
        return self.total > 0

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The first findings: those about the whole table, then by row."""
        self._trim()
        return tuple(self._kept)

    @property
    def about_table(self) -> bool:
        """Whether a finding is about the table as a whole, a missing column for example."""
        return any(problem.row is None for problem in self._kept)

    def add(self, problem: Problem) -> None:
        """Note one finding."""
        self.total += 1
        self._keep([problem])

    def add_rows(
        self, rule: str, message: str, field: str | None, rows: np.ndarray | Sequence[int]
    ) -> None:
        """Note the same finding for many rows; `rows` rises."""
        self.total += len(rows)
        self._keep([Problem(rule, message, field, int(row)) for row in rows[: self.SHOWN]])

    def extend(self, other: Findings) -> None:
        """Take over the findings of another part of the same table."""
        self.total += other.total
        self._keep(other._kept)

    def raise_if_any(self) -> None:
        """Raise `InvalidRecords` if there is a finding."""
        if self.total:
            raise InvalidRecords(self.problems, self.total)

    def _keep(self, problems: list[Problem]) -> None:
        self._kept.extend(problems)
        if len(self._kept) > 10 * self.SHOWN:
            self._trim()

    def _trim(self) -> None:
        self._kept.sort(key=lambda problem: -1 if problem.row is None else problem.row)
        del self._kept[self.SHOWN :]
