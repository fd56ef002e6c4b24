"""Db2 through `ibm_db_sa` and IBM's driver: how to connect, and when a connection is lost."""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from typing import Any, ClassVar

from ibm_db import SQL_ATTR_RECEIVE_TIMEOUT
from ibm_db_sa.ibm_db import DB2Dialect_ibm_db
from sqlalchemy import (
    URL,
    Constraint,
    Dialect,
    Engine,
    LargeBinary,
    Table,
    create_engine,
    event,
)
from sqlalchemy.dialects import registry

from crispml_core.adapters.sql.databases.db2_sql import (
    BLOB_BYTES,
    Db2Names,
    Db2Statements,
    Db2Tables,
    Db2Types,
    is_nullable_key,
)
from crispml_core.adapters.sql.databases.options import EngineOptions
from crispml_core.domain.errors import InvalidInput

# It writes what fails, with its values, to the standard error of the process.
logging.getLogger("ibm_db_sa").disabled = True

DRIVER = "crispml"
registry.register(f"db2.{DRIVER}", __name__, "Db2Dialect")
LUW = {"dbms_name": "DB2/LINUXX8664", "dbms_ver": "11.05.0900"}
"""The oldest server that SQL is written for: 11.5 for Linux, UNIX and Windows."""

# A connection is lost: the server does not answer (30081), it was reached again by the driver and
# the transaction is gone (30108, 30109), the database was stopped (1224, 1034, 1035), the
# connection ended (0900, 1024, 99999 with these states).
_LOST = re.compile(
    r"SQL(?:30081|30108|30109|1224|1034|1035|1776|0900|1024)N|CLI010[68]E|SQLSTATE=(?:08|40003)"
    r"|[Cc]onnection (?:is not|is no longer) active|Connection Resource cannot be found"
)
# The server has this long to answer after it was told to stop a statement.
_GRACE_S = 1


def db2_engine(url: URL, options: EngineOptions) -> Engine:
    """Return an engine for ``db2+ibm_db://user:password@host:port/database``.

    Parameters
    ----------
    url : URL
        Its query takes keywords of the driver, such as `CurrentSchema` and `Security`.
    options : EngineOptions
        A statement waits for a lock as long as they say; Db2 itself would wait for ever.
    """
    if url.drivername not in ("db2", "db2+ibm_db", "ibm_db_sa"):
        raise InvalidInput("CRISPML_DATABASE__URL names Db2 with a driver other than ibm_db")
    engine = create_engine(
        _with_times(url.set(drivername=f"db2+{DRIVER}"), options),
        pool_pre_ping=options.pre_ping,
        **options.of_pool(),
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        if options.statement_timeout_s is not None:
            # A server that says nothing is given up then; as a keyword the driver forgets it.
            silence_s = _seconds(options.statement_timeout_s) + _GRACE_S
            connection.set_option({SQL_ATTR_RECEIVE_TIMEOUT: silence_s})
        cursor = connection.cursor()
        # The driver knows it too, but not every server takes it from there.
        if schema := _schema(url):
            cursor.execute(f"SET SCHEMA {Db2Names(engine.dialect).quote_identifier(schema)}")
        if is_luw(connection.dbms_name):
            cursor.execute(f"SET CURRENT LOCK TIMEOUT = {_seconds(options.busy_timeout_s)}")
        cursor.close()
        connection.commit()

    return engine


def _with_times(url: URL, options: EngineOptions) -> URL:
    """Add to the keywords of the driver how patient it is, where the URL does not say."""
    keywords: dict[str, Any] = {
        "ClientApplName": options.application,
        "ConnectTimeout": _seconds(options.connect_timeout_s),
    }
    if options.statement_timeout_s is not None:
        # The driver looks once in so many seconds whether a statement takes too long.
        keywords |= {"QueryTimeout": _seconds(options.statement_timeout_s)}
        keywords |= {"QueryTimeoutInterval": 1}
    known = {str(key).upper() for key in url.query}
    new = {key: str(value) for key, value in keywords.items() if key.upper() not in known}
    return url.update_query_dict(new)


def _seconds(patience_s: float) -> int:
    """Return whole seconds, at least one: none would be for ever."""
    return max(1, round(patience_s))


def _schema(url: URL) -> str:
    """Return the schema that a URL names, in capitals like every name, or none."""
    query = {str(key).upper(): str(value) for key, value in url.query.items()}
    return query.get("CURRENTSCHEMA", "").upper()


def luw_dialect() -> Db2Dialect:
    """Return the dialect of Db2 11.5 for Linux, UNIX and Windows, without a server."""
    return Db2Dialect(**LUW)


def is_luw(dbms_name: str | None) -> bool:
    """Return whether a server is Db2 itself, by the name that it gave."""
    return (dbms_name or "").startswith("DB2/")


class _Bytes(LargeBinary):
    """Bytes that the driver gets as they are.

    SQLAlchemy would wrap them as the driver asks for. It unwraps them for one row only; of many
    rows it would store the text `<memory at 0x…>`.
    """

    def bind_processor(self, dialect: Dialect) -> None:
        """Leave the bytes alone."""


class Db2Dialect(DB2Dialect_ibm_db):  # type: ignore[misc] # no types
    """The dialect of `ibm_db_sa`, with the SQL of `db2_sql`.

    A server that speaks the protocol of Db2 and is none is asked for plain SQL only.
    """

    supports_statement_cache = True
    colspecs: ClassVar[dict[Any, Any]] = {**DB2Dialect_ibm_db.colspecs, LargeBinary: _Bytes}
    preparer = Db2Names
    type_compiler = type_compiler_cls = Db2Types
    statement_compiler = Db2Statements
    ddl_compiler = Db2Tables

    def __init__(
        self, dbms_name: str | None = None, dbms_ver: str | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        # Those of the server, once there is a connection.
        self.dbms_name, self.dbms_ver = dbms_name, dbms_ver

    @property
    def is_luw(self) -> bool:
        """Whether the server is Db2 for Linux, UNIX and Windows."""
        return is_luw(self.dbms_name)

    def create_connect_args(self, url: URL) -> tuple[tuple[str, ...], dict[str, Any]]:
        """Return what the driver is given: all keywords of the URL, not those it knows itself.

        It looks for the schema in capitals only, and would take the name of the user otherwise.
        """
        query = {str(key).upper(): str(value) for key, value in url.query.items()}
        query.pop("IBMDBSA_LOG", None)
        given: dict[str, Any] = {"DSN": url.database}
        if url.host:
            given = {"DATABASE": url.database, "HOSTNAME": url.host, "PROTOCOL": "TCPIP"}
        given |= {"PORT": url.port, "UID": url.username, "PWD": url.password}
        # Large objects up to this size come with their rows, and not one by one.
        given |= {"LOBCACHESIZE": BLOB_BYTES, **query}
        if schema := _schema(url) or (url.username or "").upper():
            given["CURRENTSCHEMA"] = schema
        if any(";" in str(value) for value in given.values()):
            raise InvalidInput("CRISPML_DATABASE__URL has a semicolon, which Db2 takes for an end")
        text = "".join(f"{key}={value};" for key, value in given.items() if value)
        return (text, "", "", "", ""), {}

    def keys_as_indexes(self, table: Table) -> list[Constraint]:
        """Return the keys of a table that an index has to be made for, in order."""
        found = filter(is_nullable_key, table.constraints) if self.is_luw else ()
        return sorted(found, key=lambda key: str(key.name))

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Execute; what `ibm_db_sa` does besides is for Db2 on z/OS."""
        cursor.execute(statement, parameters)

    def do_close(self, dbapi_connection: Any) -> None:
        """Let go of a connection that may be lost; the driver cannot close such a one."""
        with suppress(self.dbapi.Error):
            dbapi_connection.close()

    def is_disconnect(self, e: Exception, connection: Any, cursor: Any) -> bool:
        """Return whether the connection is lost, whatever class the driver has for it."""
        return bool(_LOST.search(str(e)))
