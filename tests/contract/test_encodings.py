"""A PostgreSQL that does not keep every character is refused, and not found out by a failure."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, make_url

from crispml_core.adapters.sql.schema import migrate
from crispml_core.domain.errors import NotReady
from tests.servers import own_database

pytestmark = [pytest.mark.server, pytest.mark.database("postgresql")]


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
@pytest.mark.parametrize("verb", [migrate.upgrade, migrate.check])
def test_a_database_in_another_encoding_is_refused_in_one_sentence(encoding, verb):
    url = make_url(own_database("encodings"))
    name = f"{url.database}_{encoding.lower()}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
        connection.exec_driver_sql(
            f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
        )
    other = url.set(database=name).render_as_string(hide_password=False)

    with pytest.raises(NotReady, match="is not in UTF-8; make it with ENCODING"):
        verb(other)

    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    engine.dispose()
