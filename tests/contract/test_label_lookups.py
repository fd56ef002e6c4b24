"""An import finds earlier labels by their index, also those that it stored itself."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from crispml_core.adapters.sql.databases.among import among
from crispml_core.adapters.sql.databases.dialect_sql import before_import
from crispml_core.adapters.sql.databases.engine import make_engine, reading
from crispml_core.adapters.sql.schema.tables import labels

MANY = [str(number) for number in range(20_000)]


@pytest.mark.server
@pytest.mark.database("postgresql")
def test_postgresql_looks_earlier_labels_up_before_it_knows_how_many_there_are(empty):
    """Without figures a plan for so many would read the whole table."""
    engine = make_engine(empty("postgresql"))
    column = labels.c.current_subject
    with reading(engine) as connection:
        for statement in before_import(connection.dialect):
            connection.execute(text(statement))
        (condition,) = among(connection.dialect, column, MANY)
        look = select(labels.c.label_id).where(condition).compile(connection)
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {look}", look.params).scalars())
    engine.dispose()

    assert "uq_labels_current_subject" in plan
    assert "Seq Scan" not in plan
    assert "Filter" not in plan, "each row would be compared with each text"
