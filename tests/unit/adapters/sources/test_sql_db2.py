"""What Db2 itself would be asked, as far as its stand-in of the tests cannot be."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from crispml_core.adapters.sources.sql.expressions import value_sql
from crispml_core.adapters.sources.sql.spelling import (
    counts_many_distinct,
    days_before,
    knows_percentiles,
    moment,
    sample_clause,
)
from crispml_core.domain.expressions import Kind, parse


@pytest.fixture
def dialect() -> Any:
    found = pytest.importorskip("ibm_db_sa.ibm_db").DB2Dialect_ibm_db()
    found.dbms_name, found.dbms_ver = "DB2/LINUXX8664", "11.05.0900"
    return found


def sql(clause: Any, dialect: Any) -> str:
    return str(clause.compile(dialect=dialect))


def test_a_window_is_a_labelled_duration(dialect: Any) -> None:
    window = days_before(dialect.name, moment(dialect.name, sa.column("t")), 90)
    assert sql(window, dialect) == "CAST(t AS TIMESTAMP) - 90 DAYS"


def test_a_sample_is_hashed_by_the_database(dialect: Any) -> None:
    clause = sample_clause(dialect.name, sa.column("k"), 7)
    assert sql(clause, dialect) == ("substr(lower(hex(hash('crispml-sample:7:' || k, 2))), 1, 13)")


def test_a_text_of_an_expression_has_a_type(dialect: Any) -> None:
    made = value_sql(
        parse("where(a > 1, 'ä', b)"),
        {"a": sa.column("a"), "b": sa.column("b")},
        {"a": Kind.NUMBER, "b": Kind.TEXT},
        dialect.name,
    )
    assert "THEN CAST(? AS VARCHAR(2))" in sql(made, dialect)


def test_only_db2_itself_is_asked_for_what_it_alone_has(dialect: Any) -> None:
    assert knows_percentiles(dialect)
    assert counts_many_distinct(dialect)
    dialect.dbms_name = "Apache Derby"
    assert not knows_percentiles(dialect)
    assert not counts_many_distinct(dialect)
