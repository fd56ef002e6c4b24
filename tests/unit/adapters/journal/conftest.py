"""Journals in a temporary folder, and processes that hold one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import crispml_core
from crispml_core.adapters.journal.frame_file import FrameFile

SOURCE = Path(crispml_core.__file__).parents[1]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "volume" / "w.journal"


@pytest.fixture
def written(path):
    """Make a file with these payloads, let go of it, and return its bytes."""

    def write(*payloads):
        file = FrameFile.create(path)
        for payload in payloads:
            file.append(payload)
        file.close()
        return path.read_bytes()

    return write


@pytest.fixture
def start_child():
    """Start a script in a process of its own; it is killed at the end of the test."""
    children = []

    def start(script, *arguments):
        paths = [str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])]
        child = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
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
