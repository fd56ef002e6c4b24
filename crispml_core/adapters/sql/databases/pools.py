"""What the pool of an engine holds now."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, QueuePool

from crispml_core.adapters.sql.databases.options import options_of


@dataclass(frozen=True, slots=True)
class PoolState:
    """The connections of one pool.

    Parameters
    ----------
    size : int
        Most connections that there may be.
    """

    name: str
    in_use: int
    idle: int
    size: int


def state_of(engine: Engine) -> PoolState:
    """Return the state of the pool of an engine from `make_engine`; asks the database nothing."""
    options, pool = options_of(engine), engine.pool
    size = options.pool_size + options.pool_overflow
    if not isinstance(pool, QueuePool):
        return PoolState(options.pool, 0, 0, size)
    return PoolState(options.pool, pool.checkedout(), pool.checkedin(), size)
