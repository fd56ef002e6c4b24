"""The databases themselves are asked whether they can what their capabilities say."""

from __future__ import annotations

from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from crispml_core.adapters.sql.databases import db2_sql
from crispml_core.adapters.sql.databases.capabilities import DB2, capabilities
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.schema.tables import BLOB_BYTES
from tests.contract.conftest import OWN
from tests.databases import params

asked = pytest.mark.parametrize("engine", params("sqlite", "postgresql", "db2"), indirect=True)


@pytest.fixture
def engine(request, tmp_path):
    """An engine for an empty database."""
    kind = request.param
    url = OWN[kind]("capabilities") if kind in OWN else f"sqlite:///{tmp_path}/empty.db"
    engine = make_engine(url, create=True)
    yield engine
    engine.dispose()


def table(*columns, name="probe", **options):
    number = sa.Column("id", sa.Integer, primary_key=True, autoincrement=False)
    return sa.Table(name, sa.MetaData(), number, *columns, **options)


def can(engine, attempt) -> bool:
    """Whether something can be done in a transaction; nothing of it is left."""
    with engine.connect() as connection:
        try:
            attempt(connection)
        except (SQLAlchemyError, NotImplementedError):
            return False
        finally:
            connection.rollback()
    return True


def returns_a_column(connection):
    made = table()
    made.create(connection)
    assert connection.execute(made.insert().values(id=1).returning(made.c.id)).scalar() == 1


def leaves_rows_out_of_an_index(connection):
    made = table()
    made.create(connection)
    where = " WHERE id > 3"
    connection.exec_driver_sql(f"CREATE INDEX ix_probe ON probe (id){where}")


def keeps_a_truth_value(connection):
    made = table(sa.Column("is_so", sa.Boolean, nullable=False))
    made.create(connection)
    connection.execute(made.insert().values(id=1, is_so=True))
    found = connection.execute(sa.select(made.c.id).where(made.c.is_so.is_(True)))
    assert found.scalar() == 1


def keeps_json(connection):
    made = table(sa.Column("content", sa.JSON))
    made.create(connection)
    connection.execute(made.insert().values(id=1, content={"a": [1]}))
    assert connection.execute(sa.select(made.c.content)).scalar() == {"a": [1]}


def reads_a_list_that_is_json(connection):
    query = sa.select(sa.func.json_each('["a"]').table_valued("value").c.value)
    assert connection.execute(query).scalar() == "a"


def passes_over_locked_rows(connection):
    made = table()
    made.create(connection)
    query = sa.select(made.c.id).with_for_update(skip_locked=True)
    connection.execute(query)
    # SQLAlchemy writes nothing of it for SQLite.
    if "SKIP LOCKED" not in str(query.compile(connection)):
        raise NotImplementedError


ATTEMPTS = {
    "returning": returns_a_column,
    "partial_indexes": leaves_rows_out_of_an_index,
    "boolean": keeps_a_truth_value,
    "json": keeps_json,
    "json_lists": reads_a_list_that_is_json,
    "skip_locked": passes_over_locked_rows,
}


@asked
@pytest.mark.parametrize("name", ATTEMPTS)
def test_a_database_can_what_it_is_said_to_and_nothing_else(engine, name):
    assert can(engine, ATTEMPTS[name]) == getattr(capabilities(engine.dialect), name)


@asked
@pytest.mark.needs("transactional_ddl")
def test_a_table_that_was_made_in_vain_is_not_there(engine):
    with engine.connect() as connection:
        table().create(connection)
        connection.rollback()
    assert not sa.inspect(engine).has_table("probe")


@asked
def test_the_longest_name_is_kept(engine):
    longest = capabilities(engine.dialect).identifier_bytes or 1_000
    made = table(name="n" * longest)
    with engine.connect() as connection:
        made.create(connection)
        assert made.name in sa.inspect(connection).get_table_names()
        connection.rollback()


@asked
def test_a_moment_keeps_its_digits(engine):
    made = table(sa.Column("at", sa.DateTime))
    moment = datetime(2026, 3, 1, 12, 0, 0, 123456)
    assert capabilities(engine.dialect).timestamp_digits == 6
    with engine.connect() as connection:
        made.create(connection)
        connection.execute(made.insert().values(id=1, at=moment))
        assert connection.execute(sa.select(made.c.at)).scalar() == moment
        connection.rollback()


@asked
@pytest.mark.needs("row_locks")
def test_two_transactions_write_at_the_same_time(engine):
    made = table(sa.Column("value", sa.Integer))
    with engine.begin() as connection:
        made.create(connection)
        connection.execute(made.insert(), [{"id": 1, "value": 0}, {"id": 2, "value": 0}])
    with engine.connect() as one, engine.connect() as other:
        for number, connection in ((1, one), (2, other)):
            connection.execute(made.update().where(made.c.id == number).values(value=number))
        one.commit()
        other.commit()
        rows = one.execute(sa.select(made.c.value).order_by(made.c.id)).scalars().all()
        one.commit()
    made.drop(engine)
    assert rows == [1, 2]


@asked
@pytest.mark.needs("many_parameters")
def test_a_statement_takes_as_many_parameters(engine):
    made = table()
    most = capabilities(engine.dialect).parameters
    with engine.connect() as connection:
        made.create(connection)
        query = sa.select(made.c.id).where(made.c.id.in_(range(most)))
        assert connection.execute(query).all() == []
        connection.rollback()


@asked
@pytest.mark.needs("isolation_levels")
def test_a_transaction_is_kept_apart_as_it_is_said_to(engine):
    with engine.connect() as connection:
        found = connection.get_isolation_level()
    assert found.upper() == capabilities(engine.dialect).isolation.upper()


def test_the_lengths_that_are_written_for_db2_are_those_it_is_said_to_take():
    assert DB2.clob_bytes == db2_sql.TEXT_BYTES
    assert DB2.blob_bytes >= db2_sql.BLOB_BYTES
    assert DB2.blob_bytes >= BLOB_BYTES
