"""The database of a process, opened as the settings say: once for each purpose.

What waits for one thing must not keep another waiting, so each purpose has its own pool and its own
patience.
"""

from __future__ import annotations

import time
from dataclasses import replace

import structlog
from sqlalchemy import Engine

from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.databases.options import EngineOptions
from crispml_core.adapters.sql.schema.revision import NotUpgraded, check_revision
from crispml_core.domain.errors import StoreUnavailable
from crispml_core.settings import CrispMLSettings

# What looks at the database again and again, readiness first of all, has its answer in so long: a
# probe waits for five seconds, and a connection and a statement may both be waited for.
_LOOK_S = 2.0
# The thread that commits and the one that brings the journal home; the probes and the aliases.
_FEW = 2
_LOOK_AGAIN_S = 0.5
# A step of upkeep takes some milliseconds, and a second for the largest group that there is.
_UPKEEP_S, _LOCKED_S = 10.0, 1.0
_log = structlog.get_logger("crispml.service")


def open_database(settings: CrispMLSettings, service: str) -> Engine:
    """Return an engine for requests and runs; nothing is opened before its first use.

    Parameters
    ----------
    service : str
        Whose connections they are; a server shows it.

    Raises
    ------
    InvalidInput
        If the URL is none, or its driver is not installed.
    """
    return _open(settings, _options(settings, service))


def open_for_commits(settings: CrispMLSettings, service: str) -> Engine:
    """Return an engine for the commits of scores, which have a journal and no patience."""
    patience = settings.scoring.commit_timeout_s
    of_requests = _options(settings, service)
    options = replace(
        of_requests,
        pool="commits",
        pool_size=_FEW,
        pool_overflow=0,
        pool_timeout_s=patience,
        connect_timeout_s=min(patience, of_requests.connect_timeout_s),
        statement_timeout_s=min(patience, settings.database.statement_timeout_s),
        busy_timeout_s=patience,
        # A connection that broke while nobody used it is no reason for the journal; a database
        # that is away is. So there is time for a try or two, and none after a time-out.
        pre_ping=False,
        retry_s=min(patience / 4, settings.database.retry_s),
    )
    return _open(settings, options)


def open_for_looks(settings: CrispMLSettings, service: str) -> Engine:
    """Return an engine for what has to be told soon whether the database is there."""
    of_requests = _options(settings, service)
    options = replace(
        of_requests,
        pool="looks",
        pool_size=_FEW,
        # A look that waits for an answer must not keep the next probe waiting.
        pool_overflow=_FEW,
        pool_timeout_s=_LOOK_S,
        connect_timeout_s=min(_LOOK_S, of_requests.connect_timeout_s),
        statement_timeout_s=min(_LOOK_S, settings.database.statement_timeout_s),
        pre_ping=False,
        retry_s=min(_LOOK_S / 4, settings.database.retry_s),
    )
    return _open(settings, options)


def open_for_upkeep(settings: CrispMLSettings, service: str) -> Engine:
    """Return an engine for upkeep beside the commits, which comes again by itself.

    It is not worth waiting for: what holds its rows is most often another process that does the
    same, and while it hangs nothing else is done.
    """
    of_requests = _options(settings, service)
    options = replace(
        of_requests,
        pool="upkeep",
        pool_size=1,
        pool_overflow=0,
        statement_timeout_s=min(_UPKEEP_S, settings.database.statement_timeout_s),
        busy_timeout_s=min(_LOCKED_S, settings.database.busy_timeout_s),
        retry_s=0.0,
    )
    return _open(settings, options)


def open_for_runs(settings: CrispMLSettings, service: str) -> Engine:
    """Return an engine for the queue of runs, where a heartbeat must not wait for its elder."""
    beat_s = settings.runs.heartbeat_s
    of_requests = _options(settings, service)
    options = replace(
        of_requests,
        pool="runs",
        pool_size=_FEW,
        pool_overflow=_FEW,
        connect_timeout_s=min(max(2.0, beat_s), of_requests.connect_timeout_s),
        statement_timeout_s=min(max(1.0, beat_s), settings.database.statement_timeout_s),
        busy_timeout_s=min(max(1.0, beat_s), settings.database.busy_timeout_s),
        retry_s=min(beat_s / 4, settings.database.retry_s),
    )
    return _open(settings, options)


def await_database(engine: Engine, wait_s: float) -> None:
    """Return once this release can work with the database.

    A migration may still be running, or its job has not begun.

    Parameters
    ----------
    wait_s : float
        How long to wait for that.

    Raises
    ------
    NotReady, StoreUnavailable
        If it cannot by then; a database that is too new is not waited for.
    """
    until = time.monotonic() + wait_s
    told = None
    while True:
        try:
            check_revision(engine)
            return
        except (NotUpgraded, StoreUnavailable) as error:
            if time.monotonic() + _LOOK_AGAIN_S > until:
                raise
            if error.message != told:
                told = error.message
                _log.warning("waiting_for_database", error=told)
        time.sleep(_LOOK_AGAIN_S)


def for_a_run(settings: CrispMLSettings) -> CrispMLSettings:
    """Return the settings of a process that executes a run: it outlasts what its lease outlasts."""
    retry_s = max(settings.database.retry_s, settings.runs.lease_s)
    database = settings.database.model_copy(update={"retry_s": retry_s})
    return settings.model_copy(update={"database": database})


def _open(settings: CrispMLSettings, options: EngineOptions) -> Engine:
    return make_engine(settings.database.url.get_secret_value(), options=options)


def _options(settings: CrispMLSettings, service: str) -> EngineOptions:
    database = settings.database
    return EngineOptions(
        application=f"crispml-{service}",
        pool_size=database.pool_size,
        pool_overflow=database.pool_overflow,
        pool_timeout_s=database.pool_timeout_s,
        recycle_s=database.pool_recycle_s,
        pre_ping=database.pre_ping,
        connect_timeout_s=database.connect_timeout_s,
        statement_timeout_s=database.statement_timeout_s,
        busy_timeout_s=database.busy_timeout_s,
        retry_s=database.retry_s,
    )
