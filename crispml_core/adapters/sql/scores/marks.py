"""Marks of groups for which something is still to be done, by whichever process comes first."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Column, Engine, func, select

from crispml_core.adapters.sql.databases.engine import reading
from crispml_core.adapters.sql.databases.options import options_of
from crispml_core.domain.errors import StoreUnavailable

# Where statements may take as long as they like.
_PATIENCE_S = 60.0


class Overtaken(Exception):
    """Raised to roll back when another process did the same with the same groups meanwhile."""


def until_none_waits(engine: Engine, mark: Column[int], step: Callable[[], int]) -> None:
    """Do steps until every group that has a mark now has none.

    Parameters
    ----------
    mark : sqlalchemy.Column
        The number of the group in its mark.
    step : callable
        Does something for the first groups, and returns for how many rows; 0 when another process
        did it, or keeps them.

    Raises
    ------
    StoreUnavailable
        If another process keeps the first group for longer than a statement may take: it may be
        frozen, and then the lock ends only with it.
    """
    with reading(engine) as connection:
        first, last = connection.execute(select(func.min(mark), func.max(mark))).one()
    patience_s = options_of(engine).statement_timeout_s or _PATIENCE_S
    since = time.monotonic()
    while first is not None and first <= last:
        rows, before = step(), first
        with reading(engine) as connection:
            first = connection.execute(select(func.min(mark))).scalar()
        if rows or first != before:
            since = time.monotonic()
        elif time.monotonic() - since > patience_s:
            raise StoreUnavailable(
                "another process holds scores that are not indexed or counted yet; try again, or "
                "end the process that holds them"
            )
