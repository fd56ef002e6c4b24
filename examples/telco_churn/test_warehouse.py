"""The example out of a database learns, and sees no call that came after the question."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crispml_core.adapters.sources import build_source
from crispml_core.domain.sources import Selection
from crispml_core.testing import check_use_case
from crispml_core.testing.sources import explain, profile
from crispml_core.use_cases.loader import load_use_case
from examples.telco_churn.warehouse import CALLS, CUSTOMERS, load

USE_CASE = load_use_case(str(Path(__file__).with_name("warehouse.yaml")))


@pytest.fixture(scope="module")
def connections(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    url = f"sqlite:///{tmp_path_factory.mktemp('telco')}/telco.db"
    load(url)
    return {"warehouse": url}


def test_the_use_case_keeps_the_rules(connections: dict[str, str]) -> None:
    assert check_use_case(USE_CASE, connections=connections)


def test_calls_are_those_of_ninety_days_before_the_question(connections: dict[str, str]) -> None:
    batches = build_source(USE_CASE, connections).read(Selection())
    rows = [row for batch in batches for row in batch.to_pylist()]
    engine = sa.create_engine(connections["warehouse"])
    with engine.connect() as connection:
        calls: dict[str, list[Any]] = defaultdict(list)
        for call in connection.execute(sa.select(CALLS)):
            calls[call.customer_id].append(call)
        asked = {row.customer_id: row.asked_at for row in connection.execute(sa.select(CUSTOMERS))}
    engine.dispose()
    later = 0
    for row in rows:
        now, mine = asked[row["customer_id"]], calls[row["customer_id"]]
        known = [call for call in mine if now - timedelta(days=90) <= call.called_at < now]
        later += sum(call.called_at >= now for call in mine)
        assert row["calls"] == len(known)
        assert (row["minutes"] or 0) == sum(call.minutes for call in known)
    assert later > 500
    assert len(rows) > 7000


def test_a_dba_can_read_the_statement_and_an_author_the_columns(
    connections: dict[str, str],
) -> None:
    told = explain(USE_CASE, Selection(), connections)
    assert "telco_calls" in told.sql
    assert told.in_database == ("columns", "join", "aggregation", "filter", "order")
    found = profile(USE_CASE, Selection(), connections)
    assert found["columns"]["contract_months"]["quantiles"]["0.5"] == 1
    assert "minimum" not in found["columns"]["customer_id"]
