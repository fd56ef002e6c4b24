from __future__ import annotations

import json

import pytest

from crispml_core.cli import services as services_module

URLS = {"training": "http://127.0.0.1:8101", "scoring": "http://127.0.0.1:8102"}


class NoChildren:
    """Stands for the started services; keeps what they would be started with."""

    started: list[NoChildren] = []  # noqa: RUF012 - emptied by the fixture

    def __init__(self, folder, settings, plans):
        self.names = [plan.name for plan in plans]
        self.folder, self.settings, self.urls = folder, settings, URLS
        self.taken_ports = {"scoring": 8102}
        self.watched = False
        self.started.append(self)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def watch(self):
        self.watched = True


@pytest.fixture
def started(monkeypatch):
    NoChildren.started.clear()
    monkeypatch.setattr(services_module, "Services", NoChildren)
    return NoChildren.started


def test_up_makes_the_stores_says_where_it_serves_and_watches(crispml_cli, started, tmp_path):
    result = crispml_cli("up", "--use-case", "a.yaml", "--use-case", "b.py:b")

    assert result.exit_code == 0, result.stderr
    assert "http://127.0.0.1:8102/docs" in result.stdout
    assert "port 8102 is taken" in result.stdout
    assert ".crispml/admin.key" in result.stdout
    assert (tmp_path / ".crispml" / "crispml.db").exists()
    assert (tmp_path / ".crispml" / "registry").is_dir()
    assert started[0].settings["CRISPML_USE_CASES"] == "a.yaml,b.py:b"
    assert started[0].watched


def test_up_prints_its_addresses_as_json(crispml_cli, started):
    assert json.loads(crispml_cli("up", "--json").stdout) == URLS


def test_up_serves_the_console_unless_it_is_told_not_to(crispml_cli, started):
    crispml_cli("up", "--console")
    crispml_cli("up", "--no-console")
    assert [each.names for each in started] == [
        ["training", "scoring", "console"],
        ["training", "scoring"],
    ]


def test_stores_of_the_environment_are_kept(crispml_cli, started, tmp_path):
    url = f"sqlite:///{tmp_path / 'other.db'}"

    stores = {
        "CRISPML_DATABASE__URL": url,
        "CRISPML_REGISTRY__PATH": str(tmp_path / "r"),
        "CRISPML_JOURNAL__PATH": str(tmp_path / "j"),
        "CRISPML_BATCH__PATH": str(tmp_path / "b"),
        "CRISPML_SIGNING__KEY_FILE": str(tmp_path / "k" / "key.pem"),
        "CRISPML_SIGNING__TRUSTED": str(tmp_path / "t"),
        "CRISPML_PRIVACY__PSEUDONYM_KEY_FILE": str(tmp_path / "p" / "pseudonyms.key"),
        "CRISPML_PRIVACY__MASTER_KEY_FILE": str(tmp_path / "p" / "master.key"),
    }

    crispml_cli("up", env=stores)

    assert started[0].settings == stores
    assert not (tmp_path / ".crispml").exists()
