"""A migrated SQLite file."""

from __future__ import annotations

import pytest

from crispml_core.adapters.sql import migrate
from crispml_core.adapters.sql.engine import make_engine


@pytest.fixture
def file(tmp_path):
    return tmp_path / "crispml.db"


@pytest.fixture
def url(file):
    migrate.upgrade(f"sqlite:///{file}")
    return f"sqlite:///{file}"


@pytest.fixture
def engine(url):
    engine = make_engine(url, busy_timeout_s=0.05)
    yield engine
    engine.dispose()
