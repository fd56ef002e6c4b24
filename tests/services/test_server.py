"""The process of a service: how it starts, how it refuses to, how it stops."""

from __future__ import annotations

import json
import logging
import socket
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from fastapi import FastAPI

from crispml_core.domain.errors import UseCaseError
from crispml_core.rest import server
from crispml_core.settings import CrispMLSettings


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process without arguments and settings, whose log is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    monkeypatch.setattr(sys, "argv", ["crispml_training"])
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def start(**parts: Any) -> None:
    def build(settings: CrispMLSettings) -> Any:
        if "error" in parts:
            raise parts["error"]
        return SimpleNamespace()

    server.main("training", parts.get("port", 0), build, lambda parts, settings: FastAPI())


def refusal(capsys: pytest.CaptureFixture[str], **parts: Any) -> str:
    with pytest.raises(SystemExit) as ended:
        start(**parts)
    assert ended.value.code == 1
    written = capsys.readouterr()
    assert written.err == ""
    (line,) = written.out.splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["service"]) == ("service_not_started", "training")
    return str(entry["error"])


def test_a_wrong_setting_ends_the_process_with_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRISPML_SERVER__PORT", "CANARY")
    said = refusal(capsys)
    assert "CRISPML_SERVER__PORT" in said
    assert "CANARY" not in said


def test_a_broken_use_case_ends_the_process_with_one_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = refusal(capsys, error=UseCaseError("toy", "load", "the file is not there"))
    assert said == "use case toy, load: the file is not there"


def test_a_port_that_is_taken_ends_the_process_before_anything_is_built(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refusal(capsys, port=port, error=AssertionError("built"))
    assert f"port {port} cannot be taken (EADDRINUSE)" in said
    assert "CRISPML_SERVER__PORT" in said


def test_the_port_of_the_settings_goes_before_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("CRISPML_SERVER__PORT", str(port))
    taken = []

    def note(app: FastAPI, settings: CrispMLSettings, listener: socket.socket) -> None:
        taken.append(listener.getsockname())

    monkeypatch.setattr(server, "serve", note)
    start(port=1)
    assert taken == [("127.0.0.1", port)]


def test_the_argument_openapi_prints_the_document_and_nothing_else(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["crispml_training", "openapi"])
    start(error=AssertionError("built"))
    assert json.loads(capsys.readouterr().out)["openapi"].startswith("3.")


def test_a_signal_makes_the_app_drain_first() -> None:
    app = FastAPI()
    app.state.draining = False
    stopping = server._Server(server.uvicorn.Config(app), app)
    stopping.handle_exit(15, None)
    assert app.state.draining
    assert stopping.should_exit
