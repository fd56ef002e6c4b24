"""Release N works on the tables of release N + 1, so that a database is upgraded under services.

The whole suite runs one revision ahead with ``CRISPML_TEST_AHEAD=1``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.schema import migrate
from crispml_core.domain.errors import NotReady
from crispml_core.domain.labels import Label
from tests.ahead import ASKED, go_ahead, next_revision, set_revision
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


@pytest.mark.trial
@pytest.mark.timeout(1200)
def test_the_suite_of_all_stores_passes_one_revision_ahead():
    folder = Path(__file__).parent
    stores = [str(file) for file in folder.glob("test_*.py") if "def test_" in file.read_text()]
    left_out = {"test_ahead.py", "test_killed_upgrades.py", "test_migrations.py", "test_db2.py"}
    asked = [name for name in stores if Path(name).name not in left_out]

    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist",
         "-m", "not server and not trial", "-k", "sqlite", *asked],
        env=os.environ | {ASKED: "1"},
        cwd=folder.parents[1],
        capture_output=True,
        text=True,
        timeout=1100,
    )  # fmt: skip

    assert ended.returncode == 0, ended.stdout[-3000:]
