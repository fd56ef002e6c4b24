from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from crispml_core.adapters.sql.alias_log import SqlAliasLog
from crispml_core.adapters.sql.databases.engine import make_engine, reading, writing
from crispml_core.adapters.sql.schema import migrate
from crispml_core.adapters.sql.schema.tables import metadata
from crispml_core.domain.errors import NotReady, StoreUnavailable


def tables(url):
    engine = make_engine(url)
    try:
        return set(inspect(engine).get_table_names()) - {"alembic_version"}
    finally:
        engine.dispose()


def set_revision(engine, revision):
    with writing(engine) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = ?", (revision,))


def test_an_upgrade_makes_the_file_and_the_tables_that_the_stores_use(file):
    url = f"sqlite:///{file}"

    assert migrate.upgrade(url) == migrate.head()

    assert migrate.current(url) == migrate.head()
    assert tables(url) == set(metadata.tables)
    migrate.check(url)


def test_the_migrations_and_the_tables_of_the_stores_agree(engine):
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_an_upgrade_of_the_newest_revision_keeps_every_row(url, engine):
    event = SqlAliasLog(engine).move("credit", "champion", "v1", expected=None)

    migrate.upgrade(url)

    assert SqlAliasLog(engine).current("credit", "champion") == event


def test_down_and_up_again(url, engine):
    SqlAliasLog(engine).move("credit", "champion", "v1", expected=None)
    engine.dispose()

    migrate.downgrade(url, "base")
    assert tables(url) == set()
    assert migrate.current(url) is None

    migrate.upgrade(url)
    assert SqlAliasLog(engine).current("credit", "champion") is None


def test_an_upgrade_that_fails_changes_nothing(file):
    url = f"sqlite:///{file}"
    engine = make_engine(url, create=True)
    with writing(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE scores (in_the_way INTEGER)")
    engine.dispose()

    with pytest.raises(StoreUnavailable):
        migrate.upgrade(url)

    assert tables(url) == {"scores"}
    assert migrate.current(url) is None


def test_a_database_without_tables_is_not_ready(file):
    make_engine(f"sqlite:///{file}", create=True).connect().close()

    with pytest.raises(NotReady, match="no tables yet; run: crispml db upgrade"):
        migrate.check(f"sqlite:///{file}")


def test_a_missing_database_is_not_made_by_the_check(file):
    with pytest.raises(StoreUnavailable, match="run: crispml db upgrade"):
        migrate.check(f"sqlite:///{file}")

    assert not file.exists()


def test_the_next_revision_is_accepted_and_no_other(url, engine):
    known = int(migrate.head())

    set_revision(engine, f"{known + 1:04}")
    migrate.check(url)
    set_revision(engine, f"{known + 2:04}")
    with pytest.raises(NotReady, match="install the release"):
        migrate.check(url)
    set_revision(engine, f"{known - 1:04}")
    with pytest.raises(NotReady, match="run: crispml db upgrade"):
        migrate.check(url)


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_the_tables_compile_for_postgresql(table):
    dialect = postgresql.dialect()

    statements = [CreateTable(table), *(CreateIndex(index) for index in table.indexes)]
    text = "\n".join(str(statement.compile(dialect=dialect)) for statement in statements)

    assert f"CREATE TABLE {table.name}" in text
    assert f"CONSTRAINT pk_{table.name}" in text
    assert "BOOLEAN" not in text


def test_unique_keys_with_several_columns_have_no_nullable_part():
    """Db2 leaves a row out of a unique index only when every part of the key is null."""
    for table in metadata.sorted_tables:
        for constraint in table.constraints:
            if len(constraint.columns) > 1:
                assert not any(column.nullable for column in constraint.columns), constraint.name
