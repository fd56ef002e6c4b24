"""An import finds earlier labels by their index, also those that it stored itself."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from crispml_core.adapters.sql.databases.dialect_sql import before_import
from crispml_core.adapters.sql.databases.engine import make_engine, reading

# Without figures a plan for so many reads the whole table.
MANY = ", ".join(f"'{number}'" for number in range(1000))
LOOK = f"EXPLAIN SELECT label_id FROM labels WHERE current_subject IN ({MANY})"


@pytest.mark.server
@pytest.mark.database("postgresql")
def test_postgresql_looks_earlier_labels_up_before_it_knows_how_many_there_are(empty):
    engine = make_engine(empty("postgresql"))
    with reading(engine) as connection:
        for statement in before_import(connection.dialect):
            connection.execute(text(statement))
        plan = "\n".join(connection.execute(text(LOOK)).scalars())
    engine.dispose()

    assert "uq_labels_current_subject" in plan
    assert "Seq Scan" not in plan
