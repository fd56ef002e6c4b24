"""Release N works on the tables of release N + 1, so that a database is upgraded under services.

The whole suite runs one revision ahead with ``CRISPML_TEST_AHEAD=1``; `test_statements` does it.
"""

from __future__ import annotations

import pytest

from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.schema import migrate
from crispml_core.domain.errors import NotReady
from crispml_core.domain.labels import Label
from tests.ahead import go_ahead, next_revision, set_revision
from tests.contract.conftest import OWN, sql_stores
from tests.databases import params
from tests.servers import upgraded


@pytest.fixture(params=params("sqlite", "postgresql", "db2"))
def url(request, tmp_path):
    """The URL of a database of this release."""
    if request.param in OWN:
        OWN[request.param].cache_clear()
        return upgraded(OWN[request.param]("ahead"))
    return upgraded(f"sqlite:///{tmp_path}/crispml.db")


def test_what_was_stored_before_an_upgrade_is_used_after_it(url):
    engine = make_engine(url)
    stores = sql_stores(engine)
    stores.score("a", "b")
    stores.aliases.move("credit", "champion", "v1", expected=None)

    go_ahead(url)  # while the stores are open
    migrate.check(url)

    stores.score("c")
    truth = [Label(value="bad", record_key=key, label_time=stores.clock()) for key in "ac"]
    stores.labels.add("credit", truth)
    labelled = stores.ledger.with_labels("credit", start=None, end=None)
    assert labelled["label"].to_pylist() == ["bad", None, "bad"]
    stores.aliases.move("credit", "champion", "v2", expected="v1")
    assert [event.version for event in stores.aliases.history("credit", "champion")]
    engine.dispose()


def test_an_older_and_a_much_newer_database_are_refused_in_one_sentence(url):
    set_revision(url, next_revision(2))
    with pytest.raises(NotReady, match="install the release that upgraded it"):
        migrate.check(url)

    set_revision(url, next_revision(-1))
    with pytest.raises(NotReady, match="run: crispml db upgrade"):
        migrate.check(url)
