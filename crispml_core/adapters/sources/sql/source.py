"""The rows of a database for DataIngestion: everything declared and selected happens there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from copy import copy
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from crispml_core.adapters.sources.selecting import RowSelector, check_filter
from crispml_core.adapters.sources.sql.session import SourceDatabase
from crispml_core.adapters.sources.sql.spelling import POSTGRESQL, kind
from crispml_core.adapters.sources.sql.statement import Asked, ask, one_statement
from crispml_core.adapters.sources.sql.streaming import compiled, stream
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.sources import Selection, SqlSource, Statement
from crispml_core.domain.use_case import UseCase

# What an author wrote into a query as it is: texts, numbers and remarks. A name in quotes stays.
_WRITTEN = re.compile(
    r"""
    (?P<name> "(?:[^"]|"")*" )
    | (?P<remark> --[^\n]* | /\*.*?\*/ )
    | \b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*'
    | \$(?P<tag>[A-Za-z_]\w*|)\$.*?\$(?P=tag)\$
    | (?<![\w.$:])(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?!\w)
    """,
    re.VERBOSE | re.DOTALL,
)


class SqlRecordSource:
    """Asks for the rows of a use case and streams them."""

    def __init__(self, use_case: UseCase, declaration: SqlSource, url: str) -> None:
        self._use_case, self._declared = use_case, declaration
        if declaration.query:
            one_statement(declaration.query)
        self.database = SourceDatabase(use_case.name, url, declaration.timeout_s)

    def read(self, selection: Selection) -> Iterator[pa.RecordBatch]:
        """Yield the selected rows; see `RecordSource`."""
        self._check(selection)
        return self._batches(selection)

    def explain(self, selection: Selection) -> Statement:
        """Return what the database is asked; see `RecordSource`."""
        self._check(selection)
        with self.database.reading() as connection:
            asked = self.ask(connection, selection)
            rest = asked.while_reading
            return Statement(
                sql=self._shown(connection, asked),
                in_database=asked.in_database,
                while_reading=()
                if rest is None
                else ("sample",) + (("limit",) if rest.limit is not None else ()),
                expected_rows=_expected(connection, asked),
            )

    def ask(self, connection: sa.Connection, selection: Selection) -> Asked:
        """Return the statement for a selection."""
        return ask(connection, self._use_case, self._declared, selection)

    def _check(self, selection: Selection) -> None:
        check_filter(self._use_case, selection)
        moments = {field.name for field in self._use_case.fields if field.type == "datetime"}
        for name in selection.where.fields() if selection.where is not None else ():
            if name in moments:
                raise InvalidInput(
                    f"where cannot read {name}: databases write moments in their own ways; "
                    "put that part of the filter into the query"
                )

    def _batches(self, selection: Selection) -> Iterator[pa.RecordBatch]:
        with self.database.reading() as connection:
            asked = self.ask(connection, selection)
            # Without rows, too, the columns want to be checked.
            yield pa.RecordBatch.from_arrays([pa.nulls(0)] * len(asked.names), asked.names)
            if asked.lacking:
                return
            fields = (*self._use_case.fields, self._use_case.target.field)
            numeric = [field.name for field in fields if field.is_numeric]
            with closing(stream(connection, asked.select, asked.names, numeric)) as batches:
                if asked.while_reading is None:
                    yield from batches
                else:
                    yield from RowSelector(self._use_case, asked.while_reading).select(batches)

    def _shown(self, connection: sa.Connection, asked: Asked) -> str:
        """Return the statement with named parameters, whose values it does not hold."""
        named = copy(connection.dialect)
        named.paramstyle, named.positional = "named", False
        text = str(asked.select.compile(dialect=named, compile_kwargs={"render_postcompile": True}))
        return _WRITTEN.sub(_left, text) if self._declared.query else text


def _left(written: re.Match[str]) -> str:
    return written["name"] or ("" if written["remark"] else "?")


def _expected(connection: sa.Connection, asked: Asked) -> int | None:
    """Return how many rows the database expects to give, where it says so."""
    if kind(connection.dialect) != POSTGRESQL or asked.lacking:
        return None
    statement, parameters = compiled(connection, asked.select)
    found: Any = connection.exec_driver_sql(
        f"EXPLAIN (FORMAT JSON) {statement}", parameters
    ).scalar()
    plan = json.loads(found) if isinstance(found, str) else found
    return int(plan[0]["Plan"]["Plan Rows"])
