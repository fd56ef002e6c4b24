"""Where the rows of a group lie: at consecutive places, which its number begins.

The place of a score is the number of its group and its row in one, so that a row needs one key, and
a group is a range of it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement

from crispml_core.adapters.sql.schema.tables import score_groups, score_rows
from crispml_core.domain.scores import MAX_GROUP_ROWS

SPAN = MAX_GROUP_ROWS + 1
"""How many places each group has."""

GROUP_OF_ROW: ColumnElement[bool] = score_groups.c.group_no == score_rows.c.place // SPAN
"""Joins the group to a row; for who walks over a range of rows."""

IN_GROUP: ColumnElement[bool] = score_rows.c.place.between(
    score_groups.c.group_no * SPAN, score_groups.c.group_no * SPAN + (SPAN - 1)
)
"""Joins rows to their group; for who knows the groups, and walks along the range of each."""

ROW_NUMBER: ColumnElement[int] = score_rows.c.place - score_groups.c.group_no * SPAN
"""The row of a score in its group, where both tables are joined."""


def place(group_no: Any, row: Any) -> Any:
    """Return the place of a row, for numbers and for columns."""
    return group_no * SPAN + row


def rows_between(group_no: int, first: int, end: int) -> ColumnElement[bool]:
    """Return the condition for the rows of a group from `first` to before `end`."""
    return score_rows.c.place.between(place(group_no, first), place(group_no, end) - 1)
