"""Statements as parts of the trace that asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext

from crispml_core.adapters.sql.databases.capabilities import capabilities
from crispml_core.domain.scores import ScoreGroup
from crispml_core.ports.tracer import Tracer

# What OpenTelemetry calls a kind of database where that is not what we do.
_SYSTEMS = {"db2": "ibm.db2"}
_OPEN = "crispml_span"


def trace_statements(engine: Engine, tracer: Tracer) -> None:
    """Let each statement that is executed inside a trace be a span of it.

    A library that instruments engines would also begin a trace for each statement that nobody asked
    for, such as looks at the queue and at aliases. A span names what is done to which table, in
    the words of OpenTelemetry; a statement has its values beside it, and they are left there.
    """
    if not tracer.is_on:
        return
    system = _system(engine)

    @event.listens_for(engine, "before_cursor_execute")
    def _begin(
        connection: Connection,
        cursor: Any,
        statement: str,
        parameters: Any,
        execution: Any,
        executemany: bool,
    ) -> None:
        operation, table = described(statement, execution)
        if operation == "BEGIN":  # SQLite is told so by a statement, the others are not
            return
        part = tracer.span(
            f"{operation} {table}".strip(),
            kind="client",
            db__system__name=system,
            db__operation__name=operation,
            **({"db__collection__name": table} if table else {}),
        )
        span = part.__enter__()
        if span is not None:
            connection.info[_OPEN] = part, span

    @event.listens_for(engine, "after_cursor_execute")
    def _end(connection: Connection, *_: Any) -> None:
        _leave(connection)

    @event.listens_for(engine, "handle_error")
    def _fail(failed: ExceptionContext) -> None:
        _leave(failed.connection, type(failed.original_exception).__name__)


def append_span(
    tracer: Tracer | None, engine: Engine, groups: Sequence[ScoreGroup]
) -> AbstractContextManager[Any]:
    """Return the span of an append, which may go past SQLAlchemy on the driver's own connection."""
    if tracer is None or not tracer.is_on:
        return nullcontext()
    return tracer.span(
        "APPEND score_groups",
        kind="client",
        db__system__name=_system(engine),
        db__operation__name="APPEND",
        db__collection__name="score_groups",
        db__operation__batch__size=sum(group.rows for group in groups),
    )


def _system(engine: Engine) -> str:
    kind = capabilities(engine.dialect).kind
    return _SYSTEMS.get(kind, kind)


def _leave(connection: Connection | None, failure: str | None = None) -> None:
    """End the span of a statement, if it has one; no span lasts from one statement to the next."""
    open_span = None if connection is None else connection.info.pop(_OPEN, None)
    if open_span is None:
        return
    part, span = open_span
    if failure is not None:
        span.fail(failure)
    part.__exit__(None, None, None)


def described(statement: str, execution: Any) -> tuple[str, str]:
    """Return what a statement does, and to which table; that is empty where it is not one."""
    operation = statement.split(None, 1)[0].upper() if statement.strip() else "UNKNOWN"
    compiled = getattr(execution, "compiled", None)
    table = getattr(getattr(compiled, "statement", None), "table", None)
    if table is None:
        froms = getattr(getattr(compiled, "statement", None), "get_final_froms", None)
        tables = [f for f in froms() if hasattr(f, "name")] if froms is not None else []
        table = tables[0] if tables else None
    return operation, str(getattr(table, "name", "") or "")
