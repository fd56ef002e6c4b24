"""A plugin of pytest: what the SQL stores execute, as Db2 would be sent it.

The contract suite runs on SQLite, and each store takes its database for Db2. Every statement that
SQLAlchemy is handed is compiled for Db2 11.5, with the parameters it came with, and written to the
file that `OUTPUT` names, beside the line of the store that sent it. Tests that ask SQLite as what
it is run as they are.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import CompileError
from sqlalchemy.sql.expression import ClauseElement

import crispml_core.adapters.sql as stores
from crispml_core.adapters.sql.databases import capabilities
from crispml_core.adapters.sql.databases.db2 import luw_dialect

OUTPUT = "CRISPML_TEST_STATEMENTS"
OF_SQLITE = {"test_capabilities", "test_erased_files"}
FOLDER = Path(stores.__file__).parent

_DB2 = luw_dialect()
_sent: dict[tuple[str, int, str], int] = {}


@pytest.fixture(autouse=True)
def _as_db2(
    empty: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[None]:
    """Let stores take SQLite for Db2, once it has its tables."""
    empty("sqlite")
    if request.path.stem in OF_SQLITE:
        before = dict(_sent)
        yield
        _sent.clear()
        _sent.update(before)
        return
    monkeypatch.setitem(capabilities._BY_DIALECT, "sqlite", capabilities.DB2)
    yield


@event.listens_for(Engine, "before_execute")
def _note(_connection: Any, statement: Any, many: Any, parameters: Any, _options: Any) -> None:
    place = _place()
    if place is None:
        return
    rows = list(many or ()) or [parameters or {}]
    sql, count = _compiled(statement, rows)
    key = (*place, sql)
    _sent[key] = max(count, _sent.get(key, 0))


@event.listens_for(Engine, "before_cursor_execute")
def _note_text(
    _connection: Any, _cursor: Any, statement: str, _p: Any, context: Any, _many: bool
) -> None:
    place = _place()
    if place is not None and context.compiled is None:
        _sent[(*place, statement)] = 0


def _place() -> tuple[str, int] | None:
    """Return the line of the store that is executing something; None for migrations."""
    frame: Any = sys._getframe()
    found = None
    while frame is not None:
        file = _within(frame.f_code.co_filename)
        if file is not None:
            if file.startswith("schema/migrations/"):
                return None
            if found is None:
                found = file, frame.f_lineno
        frame = frame.f_back
    return found


@functools.cache
def _within(filename: str) -> str | None:
    """Return a file of the stores as it is named there; None for others."""
    file = Path(filename)
    return file.relative_to(FOLDER).as_posix() if file.is_relative_to(FOLDER) else None


def _compiled(statement: ClauseElement, rows: list[dict[str, Any]]) -> tuple[str, int]:
    try:
        compiled = statement.compile(
            dialect=_DB2, column_keys=list(rows[0]), for_executemany=len(rows) > 1
        )
        state = compiled.construct_expanded_state(rows[0])  # type: ignore[attr-defined]
    except CompileError as error:
        return f"does not compile: {error}", 0
    return state.statement, len(state.positional_parameters)


def pytest_sessionfinish() -> None:
    """Write it down."""
    listed = [[*key, count] for key, count in sorted(_sent.items())]
    Path(os.environ[OUTPUT]).write_text(json.dumps(listed))
