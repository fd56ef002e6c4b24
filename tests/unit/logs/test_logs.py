"""What a process writes into its log, each time in a process of its own."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import textwrap

import pytest

from crispml_core.domain.errors import InvalidInput
from crispml_core.logs import configure_logging
from crispml_core.settings import LogSettings

SECRET = "Erika Mustermann"
BEGIN = """
import logging, sys, threading, warnings
import structlog
from crispml_core.logs import configure_logging
from crispml_core.settings import LogSettings

configure_logging(LogSettings(**{settings!r}), "scoring")
log = structlog.get_logger("crispml.test")
"""


def run(code, **settings):
    """Run some code in a process with a log, and return what it wrote."""
    program = BEGIN.format(settings=settings) + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    return done.stdout, done.stderr


def entries(code, **settings):
    out, err = run(code, **settings)
    assert err == ""
    return [json.loads(line) for line in out.splitlines()]


def test_an_entry_says_when_who_and_what():
    (entry,) = entries('log.info("started", rows=3)')

    assert entry.pop("time").endswith("Z")
    assert entry == {
        "event": "started",
        "level": "info",
        "logger": "crispml.test",
        "rows": 3,
        "service": "scoring",
    }


FAILURES = {
    "of ours": 'log.error("failed", exc_info=True)',
    "of a library": 'logging.getLogger("somebody").exception("failed")',
    "given": 'log.error("failed", exc_info=error)',
}


@pytest.mark.parametrize("say", FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("form", ["json", "console"])
def test_an_exception_has_its_types_and_frames_but_not_its_text(say, form):
    code = f"""
    try:
        try:
            raise ValueError("{SECRET}")
        except ValueError as cause:
            raise LookupError("{SECRET} again") from cause
    except LookupError as error:
        {say}
    """
    out, err = run(code, format=form)

    assert "builtins.LookupError" in out
    assert "builtins.ValueError" in out
    assert SECRET not in out + err


def test_an_exception_that_nobody_caught_is_an_entry():
    out, err = run(
        f"""
        def fail(): raise ValueError("{SECRET}")
        thread = threading.Thread(target=fail, name="writer")
        thread.start(); thread.join()
        fail()
        """
    )
    thread, process = (json.loads(line) for line in out.splitlines())

    assert (thread["event"], thread["thread"]) == ("thread_failed", "writer")
    assert process["event"] == "process_failed"
    assert process["exceptions"] == ["builtins.ValueError"]
    assert SECRET not in out + err


def test_a_warning_of_a_library_is_an_entry_and_its_chatter_is_none():
    (entry,) = entries(
        """
        warnings.warn("soon gone", FutureWarning)
        logging.getLogger("httpx").info("GET http://127.0.0.1/?customer=4711")
        logging.getLogger("sqlalchemy.engine").debug("4711")
        """,
        level="DEBUG",
    )

    assert (entry["logger"], entry["level"]) == ("py.warnings", "warning")


def test_the_level_is_that_of_our_own_entries():
    said = entries('log.debug("a"); log.info("b"); log.warning("c")', level="WARNING")
    assert [entry["event"] for entry in said] == ["c"]
    said = entries('log.debug("a"); log.info("b")', level="DEBUG")
    assert [entry["event"] for entry in said] == ["a", "b"]


@pytest.mark.parametrize(("form", "is_json"), [("auto", False), ("json", True)])
def test_on_a_terminal_people_read_it(form, is_json):
    program = BEGIN.format(settings={"format": form}) + 'log.info("started", rows=3)'
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", program], stdout=theirs, timeout=60, check=True)
    os.close(theirs)
    line = os.read(ours, 10_000).decode()
    os.close(ours)

    assert line.startswith("{") is is_json
    assert "started" in line


def test_a_file_gets_the_same_entries_as_json_also_from_a_terminal(tmp_path):
    file = tmp_path / "scoring.log"
    out, _ = run('log.info("started", rows=3)', file=str(file), format="console")

    assert not out.startswith("{")
    assert json.loads(file.read_text())["rows"] == 3


@pytest.mark.slow
def test_processes_share_a_file_and_turn_it_over_without_losing_an_entry(tmp_path):
    file, each, processes = tmp_path / "scoring.log", 400, 4
    code = f"""
    for number in range({each}):
        log.info("noted", who=sys.argv[1], number=number, padding="x" * 200)
    """
    settings = {"file": str(file), "file_bytes": 100_000, "file_count": 50}
    program = BEGIN.format(settings=settings) + textwrap.dedent(code)
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(who)], stdout=subprocess.DEVNULL)
        for who in range(processes)
    ]
    assert [process.wait(timeout=120) for process in running] == [0] * processes

    files = sorted(tmp_path.glob("scoring.log*"))
    found = [json.loads(line) for name in files for line in name.read_text().splitlines()]
    assert len(files) > 2
    assert sorted((entry["who"], entry["number"]) for entry in found) == sorted(
        (str(who), number) for who in range(processes) for number in range(each)
    )


def test_old_files_go(tmp_path):
    file = tmp_path / "scoring.log"
    code = 'for number in range(2_000): log.info("noted", padding="x" * 200)'
    run(code, file=str(file), file_bytes=100_000, file_count=2)

    assert {name.name for name in tmp_path.glob("scoring.log*")} == {
        "scoring.log",
        "scoring.log.1",
        "scoring.log.2",
    }


def test_a_file_that_cannot_be_written_is_named_by_its_setting(tmp_path):
    settings = LogSettings(file=tmp_path / "missing" / "scoring.log")

    with pytest.raises(InvalidInput, match="CRISPML_LOG__FILE cannot be written") as refused:
        configure_logging(settings, "scoring")
    assert str(tmp_path) not in str(refused.value)


def test_an_empty_setting_means_no_file(monkeypatch):
    monkeypatch.setenv("CRISPML_LOG__FILE", "")
    from crispml_core.settings import load_settings

    assert load_settings().log.file is None


def test_a_full_volume_stops_the_file_and_nothing_else(tmp_path):
    out, err = run(
        """
        import resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        log.info("first"); log.info("second")
        """,
        file=str(tmp_path / "scoring.log"),
    )

    assert [json.loads(line)["event"] for line in out.splitlines()] == ["first", "second"]
    assert err == ""
