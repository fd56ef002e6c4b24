"""Volumes that misbehave: small, read-only, and processes that die on them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

import crispml_core
from crispml_core.domain.models import Artefact, ArtefactKind

SOURCE = Path(crispml_core.__file__).parents[1]


def child_environment():
    paths = [str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


@pytest.fixture
def artefact():
    return Artefact(
        id="a1",
        kind=ArtefactKind.MODEL,
        use_case="credit",
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
        run_id="run-1",
    )


@pytest.fixture
def start_child():
    """Start a script in a process of its own; it is killed at the end of the test."""
    children = []

    def start(script, *arguments):
        child = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


@pytest.fixture
def run_on_mount(tmp_path):
    """Run a script on a file system of one MiB that only its process sees; returns its output.

    A mount namespace of its own needs no rights, and leaves no mount behind.
    """
    mount = tmp_path / "volume"
    mount.mkdir()
    shell = 'mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" -c "$3" "$1"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", shell, "sh"]

    def run(script):
        if shutil.which("unshare") is None or not _works([*command, str(mount), "true", ""]):
            reason = "a mount namespace of one's own is not to be had here"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
        done = subprocess.run(
            [*command, str(mount), sys.executable, script],
            env=child_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def _works(command):
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
