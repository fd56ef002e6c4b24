"""``crispml journal``, without a service."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from crispml_core.adapters.journal import FileJournals
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.schema import migrate
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.cli.root import crispml
from tests.unit.serving.test_durable_ledger import a_group


@pytest.fixture
def url(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/crispml.db"
    migrate.upgrade(url)
    monkeypatch.setenv("CRISPML_DATABASE__URL", url)
    monkeypatch.setenv("CRISPML_JOURNAL__PATH", str(tmp_path / "journal"))
    return url


@pytest.fixture
def left(tmp_path):
    journals = FileJournals(tmp_path / "journal")
    journal, group = journals.open("w"), a_group()
    journal.append([group])
    yield journal, group
    journal.close()


def run(*arguments):
    return CliRunner().invoke(crispml, ["journal", *arguments, "--json"])


def test_what_was_left_behind_is_listed_and_brought_home(url, left):
    journal, group = left
    journal.close()
    (listed,) = json.loads(run("status").stdout)["journals"]
    assert (listed["journal"], listed["bytes"] > 0) == ("w.journal", True)

    done = run("drain", "--within", "10")
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"left": []})
    engine = make_engine(url)
    assert SqlScoreLedger(engine).stored([group.group_id]) == {group.group_id}
    engine.dispose()
    assert json.loads(run("status").stdout) == {"journals": []}


def test_what_a_living_process_has_is_left_and_said(url, left):
    done = run("drain", "--within", "1")
    assert done.exit_code == 1
    assert "1 journals are left, as w.journal" in done.output


# Holds a lease in the database, and dies without giving it back.
LOST = """
import os, sys
from pathlib import Path
from crispml_core.adapters.journal import SharedJournals
from crispml_core.adapters.sql.databases.engine import make_engine
from crispml_core.adapters.sql.journal_leases import SqlJournalLeases
from tests.unit.serving.test_durable_ledger import a_group
url, folder = sys.argv[1:]
leases = SqlJournalLeases(make_engine(url))
journal, group = SharedJournals(Path(folder), "pod-a", leases, lease_s=1).open("w"), a_group()
journal.append([group])
print(group.group_id, flush=True)
os._exit(1)
"""


def test_what_a_lost_machine_left_on_a_shared_folder_is_brought_home(url, tmp_path, monkeypatch):
    command = [sys.executable, "-c", LOST, url, str(tmp_path / "journal")]
    lost = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    assert lost
    monkeypatch.setenv("CRISPML_JOURNAL__OWNER", "pod-b")
    monkeypatch.setenv("CRISPML_JOURNAL__LEASE_S", "1")
    (listed,) = json.loads(run("status").stdout)["journals"]
    assert listed["journal"].startswith("pod-a/")

    done = run("drain", "--within", "30")
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"left": []})
    engine = make_engine(url)
    assert {str(one) for one in SqlScoreLedger(engine).stored([lost])} == {lost}
    engine.dispose()


@pytest.mark.parametrize("verb", ["status", "drain"])
def test_a_folder_that_is_not_there_has_no_journals(url, verb):
    done = run(verb, *(["--within", "1"] if verb == "drain" else []))
    assert done.exit_code == 0, done.output
