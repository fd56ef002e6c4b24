"""An expression means the same on a record, on a frame, on Arrow columns and in a database."""

from __future__ import annotations

import math
import sqlite3
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crispml_core.adapters.sources.arrow_expressions import as_field, to_arrow
from crispml_core.adapters.sources.sql.expressions import to_sql
from crispml_core.adapters.sources.sql.spelling import add_functions
from crispml_core.domain.expressions import (
    FUNCTIONS,
    Expression,
    FieldRef,
    Kind,
    Literal,
    call,
    compile_scalar,
    parse,
)
from crispml_core.domain.fields import Field
from crispml_core.tables.columns import evaluate
from crispml_core.tables.frames import to_frame
from crispml_core.tables.schema import arrow_schema

FIELDS = (
    Field("x", "number", nullable=True),
    Field("y", "number", nullable=True),
    Field("s", "string", nullable=True),
    Field("t", "string", nullable=True),
    Field("p", "boolean", nullable=True),
    Field("q", "boolean"),
)
KINDS = {
    "x": Kind.NUMBER,
    "y": Kind.NUMBER,
    "s": Kind.TEXT,
    "t": Kind.TEXT,
    "p": Kind.TRUTH,
    "q": Kind.TRUTH,
}
NUMBERS = st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.5, 1e308, -1e308, 5e-324, 1e-300]) | st.floats(
    allow_nan=False, allow_infinity=False
)
# SQLite ends a text at a NUL; the record schema refuses one.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=3)
LITERALS = {Kind.NUMBER: NUMBERS, Kind.TEXT: TEXTS, Kind.TRUTH: st.booleans()}
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "x": st.none() | NUMBERS | st.sampled_from([math.nan, math.inf, -math.inf]),
            "y": st.none() | NUMBERS,
            "s": st.none() | TEXTS,
            "t": st.none() | TEXTS | st.just("ß€"),
            "p": st.none() | st.booleans(),
            "q": st.booleans(),
        }
    ),
    min_size=1,
    max_size=6,
)
QUICK = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@st.composite
def expressions(draw: st.DrawFn, kind: Kind, depth: int = 3) -> Expression:
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        name = draw(st.sampled_from([*[n for n, k in KINDS.items() if k is kind], ""]))
        return FieldRef(name) if name else Literal(draw(LITERALS[kind]))
    function = draw(st.sampled_from([n for n, s in FUNCTIONS.items() if s.result in (kind, None)]))
    signature = FUNCTIONS[function]
    free = kind if signature.result is None else draw(st.sampled_from(list(Kind)))
    arguments = [draw(expressions(wanted or free, depth - 1)) for wanted in signature.arguments]
    return call(function, *arguments)


def batch_of(records: list[dict[str, Any]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(records, schema=arrow_schema(FIELDS))


def expected(expression: Expression, records: list[dict[str, Any]]) -> list[Any]:
    function = compile_scalar(expression)
    return [function(record) for record in records]


def plain(value: Any) -> Any:
    return None if value is None or value != value else value


@QUICK
@given(st.sampled_from(list(Kind)).flatmap(expressions), RECORDS)
def test_columns_of_a_frame_agree_with_records(
    expression: Expression, records: list[dict[str, Any]]
) -> None:
    frame = to_frame(batch_of(records), FIELDS)
    found = evaluate(expression, frame)
    assert [plain(value) for value in found.tolist()] == expected(expression, records)


@QUICK
@given(st.sampled_from(list(Kind)).flatmap(expressions), RECORDS)
def test_a_dtype_does_not_depend_on_the_rows(
    expression: Expression, records: list[dict[str, Any]]
) -> None:
    frame = to_frame(batch_of(records), FIELDS)
    found = evaluate(expression, frame)
    assert found.dtype == evaluate(expression, frame.iloc[:1]).dtype
    if expression.kind(KINDS) is Kind.TEXT:
        assert found.dtype == object
    else:
        assert found.dtype in (np.float64, bool)


@QUICK
@given(st.sampled_from(list(Kind)).flatmap(expressions), RECORDS)
def test_arrow_columns_agree_with_records(
    expression: Expression, records: list[dict[str, Any]]
) -> None:
    batch = batch_of(records)
    columns = {name: as_field(batch.column(name), batch.schema.field(name).type) for name in KINDS}
    found = to_arrow(expression, columns)
    values = [found.as_py()] * len(records) if isinstance(found, pa.Scalar) else found.to_pylist()
    assert values == expected(expression, records)


@pytest.fixture(scope="module")
def database() -> Any:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        add_functions(connection.connection.driver_connection)
        connection.exec_driver_sql("CREATE TABLE r (i INTEGER, x, y, s, t, p, q)")
        yield connection
    engine.dispose()


@QUICK
@given(expression=expressions(Kind.TRUTH), records=RECORDS)
def test_a_filter_in_sqlite_agrees_with_records(
    database: Any, expression: Expression, records: list[dict[str, Any]]
) -> None:
    database.exec_driver_sql("DELETE FROM r")
    rows = [(i, *(record[name] for name in KINDS)) for i, record in enumerate(records)]
    database.exec_driver_sql("INSERT INTO r VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    columns = {name: sa.column(name) for name in KINDS}
    query = sa.select(sa.column("i")).select_from(sa.table("r")).order_by(sa.column("i"))
    found = database.execute(query.where(to_sql(expression, columns, KINDS, "sqlite")))
    wanted = [i for i, value in enumerate(expected(expression, records)) if value is True]
    assert found.scalars().all() == wanted


def test_sqlite_functions_give_null_where_mathematics_gives_nothing() -> None:
    connection = sqlite3.connect(":memory:")
    add_functions(connection)
    row = connection.execute("SELECT crispml_log(0), crispml_sqrt(-1), crispml_log1p(NULL)")
    assert row.fetchone() == (None, None, None)
    connection.close()


def test_a_filter_that_would_explode_in_sql_is_refused() -> None:
    text = "x"
    for _ in range(20):
        text = f"least({text}, y)"
    with pytest.raises(Exception, match="too large for a database"):
        to_sql(parse(f"{text} > 1"), {"x": sa.column("x"), "y": sa.column("y")}, KINDS, "sqlite")


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2024-01-31T12:00:00Z", "2024-01-31T12:00:00Z"),
        ("2024-01-31T12:00:00.250Z", "2024-01-31T12:00:00.250000Z"),
    ],
)
def test_moments_are_seen_as_text(moment: str, text: str) -> None:
    fields = (Field("at", "datetime"), Field("day", "date"))
    arrays = [
        pa.array([moment]).cast(pa.timestamp("us", "UTC")),
        pa.array(["2024-01-31"]).cast(pa.date32()),
    ]
    batch = pa.RecordBatch.from_arrays(arrays, schema=arrow_schema(fields))
    frame = to_frame(batch, fields)
    assert evaluate(FieldRef("at"), frame).tolist() == [text]
    assert evaluate(FieldRef("day"), frame).tolist() == ["2024-01-31"]
    for name, wanted in (("at", text), ("day", "2024-01-31")):
        column = batch.column(name)
        assert as_field(column, column.type).to_pylist() == [wanted]
