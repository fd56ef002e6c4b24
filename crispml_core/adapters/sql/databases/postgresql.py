"""PostgreSQL: what the server is told about time, and a client that does not wait for ever."""

from __future__ import annotations

import select
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError

from crispml_core.adapters.sql.databases.errors import SETTING
from crispml_core.adapters.sql.databases.options import EngineOptions
from crispml_core.domain.errors import NotReady

# The server has this long to say itself that a statement took too long; then it is not there.
GRACE_S = 0.5
# A peer that is gone without a word is noticed after these 45 seconds, by either side: a dead pod
# must not hold its locks for the two hours that operating systems wait.
_IDLE_S, _EVERY_S, _PROBES = 15, 10, 3


def postgresql_engine(url: URL, options: EngineOptions) -> Engine:
    """Return an engine for a PostgreSQL server."""
    engine = create_engine(
        url,
        pool_pre_ping=options.pre_ping,
        connect_args=_arguments(url, options),
        **options.of_pool(),
    )
    if engine.dialect.driver == "psycopg":
        _ask_for_utf8(engine)
        _be_patient(engine, options)
        _notice_ends(engine)
    return engine


def _arguments(url: URL, options: EngineOptions) -> dict[str, Any]:
    """Return the parameters of a connection; those of the URL go before them."""
    told = [
        f"-c lock_timeout={round(options.busy_timeout_s * 1000)}",
        f"-c tcp_keepalives_idle={_IDLE_S}",
        f"-c tcp_keepalives_interval={_EVERY_S}",
        f"-c tcp_keepalives_count={_PROBES}",
    ]
    if options.statement_timeout_s is not None:
        told.append(f"-c statement_timeout={round(options.statement_timeout_s * 1000)}")
    if "options" in url.query:
        told.append(str(url.query["options"]))
    arguments: dict[str, Any] = {
        "application_name": options.application,
        # The driver takes whole seconds, and waits for two at least.
        "connect_timeout": max(2, round(options.connect_timeout_s)),
        "keepalives_idle": _IDLE_S,
        "keepalives_interval": _EVERY_S,
        "keepalives_count": _PROBES,
    }
    return {
        **{name: value for name, value in arguments.items() if name not in url.query},
        "options": " ".join(told),
    }


def _ask_for_utf8(engine: Engine) -> None:
    """Refuse a database that does not take every character, before anything is asked of it."""

    # First of all: SQLAlchemy cannot read what the driver gives it from such a database.
    @event.listens_for(engine, "connect", insert=True)
    def _check(connection: Any, _record: Any) -> None:
        if connection.info.parameter_status("server_encoding") != "UTF8":
            connection.close()
            raise NotReady(
                f"the database of {SETTING} is not in UTF-8; make it with ENCODING 'UTF8' TEMPLATE "
                "template0"
            )


def _notice_ends(engine: Engine) -> None:
    """Leave connections alone that the server has closed, without asking it.

    A connection that nobody uses has nothing to say, unless it is the end.
    """

    @event.listens_for(engine, "checkout")
    def _still_open(connection: Any, _record: Any, _proxy: Any) -> None:
        if connection.closed or _is_readable(connection.fileno()):
            raise DisconnectionError("the server has closed this connection")


def _be_patient(engine: Engine, options: EngineOptions) -> None:
    """Bound how long the driver waits for an answer: a server that is frozen gives none."""
    if options.statement_timeout_s is None:
        return
    from crispml_core.adapters.sql.databases.patient_psycopg import connection_class

    patient = connection_class(options.statement_timeout_s + GRACE_S)

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, arguments: Any, named: Any) -> Any:
        return patient.connect(*arguments, **named)


def _is_readable(descriptor: int) -> bool:
    looked = select.poll()
    looked.register(descriptor, select.POLLIN)
    return bool(looked.poll(0))
