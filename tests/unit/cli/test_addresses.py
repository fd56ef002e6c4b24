"""Which address counts: the option, the environment, the running services, the default."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crispml_core.cli import addresses

EMPTY = {"items": [], "next_cursor": None}


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / ".crispml"
    folder.mkdir()
    return folder


@pytest.fixture
def asked(crispml_cli, services):
    services.on("GET", "/api/v1/models", EMPTY)

    def ask(*args: str, **options) -> str:
        assert crispml_cli("models", *args, **options).exit_code == 0
        return str(services.requests[-1].url.copy_with(path="/", query=None))

    return ask


def test_the_default_address_is_the_default_port(asked):
    assert asked() == "http://127.0.0.1:8101/"


def test_running_services_come_before_the_default(asked, folder):
    addresses.write(
        folder, {"training": "http://127.0.0.1:9001", "scoring": "http://127.0.0.1:9002"}
    )

    assert asked() == "http://127.0.0.1:9001/"


def test_the_environment_comes_before_running_services(asked, folder):
    addresses.write(folder, {"training": "http://127.0.0.1:9001"})

    assert asked(env={"CRISPML_TRAINING_URL": "http://qa:80"}) == "http://qa/"


def test_the_option_comes_first(asked):
    env = {"CRISPML_TRAINING_URL": "http://qa:80"}

    assert asked("--training-url", "http://prod:8000", env=env) == "http://prod:8000/"


def test_services_that_have_ended_do_not_count(folder):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    content = {"training": "http://127.0.0.1:9001", "pid": ended.pid}
    (folder / addresses.FILE).write_text(json.dumps(content))

    assert addresses.read(folder) == {}


@pytest.mark.parametrize("content", ["", "[]", "{broken", '{"pid": "x"}', '{"training": "u"}'])
def test_a_broken_file_of_addresses_does_not_count(folder, content):
    (folder / addresses.FILE).write_text(content)

    assert addresses.read(folder) == {}


def test_only_its_own_addresses_are_removed(folder):
    file = folder / addresses.FILE
    file.write_text(json.dumps({"training": "u", "pid": os.getpid() + 1}))
    addresses.remove(folder)
    assert file.exists()

    addresses.write(folder, {"training": "u"})
    addresses.remove(folder)
    assert not file.exists()
    assert list(folder.iterdir()) == []
