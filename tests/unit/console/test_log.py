"""The log of the console: lines of JSON like those of the services, and no text of an error."""

from __future__ import annotations

import asyncio
import inspect
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from shiny import reactive
from shiny.reactive import _core, _reactives
from shiny.session import _session

from crispml_console.app.shiny_habits import end_habits
from crispml_console.log import configure_log
from crispml_console.settings import LogSettings

SECRET = "canary-4711"
MODULES = (_session, _core, _reactives)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    for module in MODULES:
        monkeypatch.setattr(module, "traceback", module.traceback)
        monkeypatch.setattr(module, "print", print, raising=False)
    for kind in (_reactives.Calc_, _reactives.Effect_):
        monkeypatch.setattr(kind, "_extract_otel_attrs", kind._extract_otel_attrs)
    configure_log(LogSettings(format="json"))
    stream = io.StringIO()
    root.handlers[0].setStream(stream)  # type: ignore[attr-defined]
    yield stream
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


def entries(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_an_entry_has_the_fields_of_the_services(written: io.StringIO) -> None:
    structlog.get_logger("crispml.console").info("signed_in", caller="ada")
    (entry,) = entries(written)
    assert entry.pop("time").endswith("Z")
    assert entry == {
        "event": "signed_in",
        "level": "info",
        "logger": "crispml.console",
        "service": "console",
        "caller": "ada",
    }


def test_what_a_library_says_below_a_warning_is_left_out(written: io.StringIO) -> None:
    library = logging.getLogger("some.library")
    library.info("GET /api/v1/subjects/%s", SECRET)
    library.warning("no room")
    assert [entry["event"] for entry in entries(written)] == ["no room"]


def test_what_fails_in_a_page_is_an_entry_without_its_text(
    written: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    end_habits()

    @reactive.effect
    def failing() -> None:
        raise ValueError(SECRET)

    asyncio.run(reactive.flush())
    failing.destroy()
    (entry,) = entries(written)
    assert (entry["event"], entry["level"]) == ("page_failed", "error")
    assert entry["exceptions"] == ["builtins.ValueError"]
    assert "in failing" in entry["frames"][-1]
    said = capfd.readouterr()
    assert SECRET not in written.getvalue() + said.out + said.err


def test_a_page_that_is_left_is_no_failure(written: io.StringIO) -> None:
    end_habits()
    _core.traceback.print_exception(asyncio.CancelledError, asyncio.CancelledError(), None)
    assert entries(written) == []


def test_no_source_of_an_effect_is_read(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_habits()
    read: list[object] = []
    monkeypatch.setattr(inspect, "getsourcelines", read.append)

    @reactive.effect
    def idle() -> None:
        pass

    idle.destroy()
    assert read == []


@pytest.mark.parametrize("module", MODULES)
def test_shiny_prints_where_the_console_listens(module: Any) -> None:
    """A release of Shiny that prints in another way would bring texts into the log."""
    assert hasattr(module, "traceback")
