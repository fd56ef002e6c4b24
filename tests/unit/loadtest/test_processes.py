"""Locust patches the standard library of its process, and must not be let into another one."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import loadtest

ROOM = Path(loadtest.__file__).parent
MAY_IMPORT_LOCUST = {"locustfile.py", "hooks.py"}


def imported(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_only_what_locust_runs_imports_it():
    for file in ROOM.rglob("*.py"):
        if file.parent.name != "scenarios" and file.name not in MAY_IMPORT_LOCUST:
            assert not imported(file) & {"locust", "gevent"}, file


def test_a_load_test_starts_without_a_patched_library():
    code = (
        "import sys, loadtest.__main__\n"
        "assert not {'gevent', 'locust'} & set(sys.modules), 'patched'\n"
        "print(sys.modules['threading'].Thread.start.__module__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "threading"


def test_tests_run_without_the_plugin_that_locust_brings(pytestconfig):
    assert not pytestconfig.pluginmanager.hasplugin("locust")
