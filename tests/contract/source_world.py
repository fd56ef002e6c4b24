"""Tables that sources are declared on, in every kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import sqlalchemy as sa

from crispml_core.adapters.sources.sql.spelling import is_db2
from tests import servers

METADATA = sa.MetaData()
CUSTOMERS = sa.Table(
    "md_customers",
    METADATA,
    sa.Column("id", sa.String(20), primary_key=True),
    sa.Column("region", sa.Integer()),
    sa.Column("age", sa.Integer()),
    sa.Column("charge", sa.Numeric(10, 2)),
    sa.Column("score", sa.Double()),
    sa.Column("city", sa.String(20)),
    sa.Column("noted", sa.DateTime()),
    sa.Column("label", sa.String(5), nullable=False),
)
REGIONS = sa.Table(
    "md_regions",
    METADATA,
    sa.Column("code", sa.Integer(), nullable=False),
    sa.Column("title", sa.String(20)),
    sa.Column("rate", sa.Double()),
)
EVENTS = sa.Table(
    "md_events",
    METADATA,
    sa.Column("customer", sa.String(20)),
    sa.Column("booked", sa.DateTime()),
    sa.Column("amount", sa.Numeric(10, 2)),
    sa.Column("pieces", sa.Integer()),
    sa.Column("channel", sa.String(20)),
)


@pytest.fixture(
    scope="module",
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.server),
        pytest.param("db2", marks=pytest.mark.server),
    ],
)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        found = f"sqlite:///{tmp_path_factory.mktemp('sources')}/source.db"
    elif request.param == "postgresql":
        found = servers.own_database("sources")
    else:
        found = servers.address(servers.DB2)
    engine = sa.create_engine(found)
    METADATA.drop_all(engine)
    METADATA.create_all(engine)
    yield found
    METADATA.drop_all(engine)
    engine.dispose()


@cache
def stood_in(url: str) -> bool:
    """Whether this is not Db2 itself but what speaks its protocol."""
    engine = sa.create_engine(url)
    with engine.connect():
        return engine.dialect.name == "ibm_db_sa" and not is_db2(engine.dialect)


def fill(url: str, tables: dict[str, list[dict[str, Any]]]) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for table in METADATA.sorted_tables:
            connection.execute(table.delete())
            if tables[table.name]:
                connection.execute(table.insert(), tables[table.name])
    engine.dispose()
