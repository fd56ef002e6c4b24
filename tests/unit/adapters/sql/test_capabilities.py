import pytest
from sqlalchemy.dialects import mysql, sqlite

from crispml_core.adapters.sql.databases.capabilities import DB2, KINDS, SQLITE, capabilities
from crispml_core.domain.errors import InvalidInput


def test_a_dialect_has_the_capabilities_of_its_kind():
    assert capabilities(sqlite.dialect()) is SQLITE


def test_another_kind_of_database_is_refused_by_name_of_the_setting():
    with pytest.raises(InvalidInput, match=r"CRISPML_DATABASE__URL .* SQLite, PostgreSQL, IBM Db2"):
        capabilities(mysql.dialect())


def test_what_a_database_lacks_is_found_by_name():
    assert DB2.lacks({"partial_indexes", "transactional_ddl", "returning"}) == [
        "partial_indexes",
        "returning",
    ]


@pytest.mark.parametrize("name", ["partial_index", "title", "timestamp_digits"])
def test_only_a_truth_value_can_be_lacking(name):
    with pytest.raises(ValueError, match=name):
        SQLITE.lacks({name})


def test_kinds_have_the_names_they_are_known_by():
    assert list(KINDS) == ["sqlite", "postgresql", "db2"]
