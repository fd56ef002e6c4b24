"""How an engine treats its database: how many connections, and how patient it is."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

_KEPT = "crispml_options"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """What the settings say about connections; the defaults are for commands and migrations.

    Parameters
    ----------
    pool : str
        Names the pool in metrics.
    application : str
        What the server shows as the client, where it shows one.
    pool_size, pool_overflow : int
        Connections that are kept, and that may be opened besides while all of them are in use.
    pool_timeout_s : float
        How long to wait for a connection of the pool.
    recycle_s : float
        A connection that is so old is replaced before its next use.
    pre_ping : bool
        Whether a connection is tried out each time before it is used.
    connect_timeout_s : float
        How long to wait for a new connection.
    statement_timeout_s : float, optional
        How long a statement may take, and how long to wait for the server's next answer.
    busy_timeout_s : float
        How long a statement waits for a lock.
    retry_s : float
        For how long what surely left nothing behind is tried again; see `retries`.
    """

    pool: str = "requests"
    application: str = "crispml"
    pool_size: int = 5
    pool_overflow: int = 5
    pool_timeout_s: float = 5.0
    recycle_s: float = 1800.0
    pre_ping: bool = True
    connect_timeout_s: float = 5.0
    statement_timeout_s: float | None = None
    busy_timeout_s: float = 10.0
    retry_s: float = 0.0

    def of_pool(self) -> dict[str, object]:
        """Return the arguments of `create_engine`; the options go with the engine."""
        return {
            "pool_size": self.pool_size,
            "max_overflow": self.pool_overflow,
            "pool_timeout": self.pool_timeout_s,
            "pool_recycle": self.recycle_s,
            # The newest first: what a quiet hour does not need ages and is replaced.
            "pool_use_lifo": True,
            "hide_parameters": True,
            "execution_options": {_KEPT: self},
        }


def options_of(engine: Engine) -> EngineOptions:
    """Return the options that an engine was made with."""
    found: EngineOptions = engine.get_execution_options().get(_KEPT, EngineOptions())
    return found
