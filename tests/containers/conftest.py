"""Images are built once for a session; what a test starts it also removes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.containers.engine import NOTES, ROOT, require_engine, timed
from tests.containers.stack import Stack

# Builds reach the packages the way this machine does; see scripts/images.sh.
os.environ.setdefault("NETWORK", "host")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever is in this folder needs the engine, and may have to build."""
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "containers"):
            item.add_marker(pytest.mark.container)
            item.add_marker(pytest.mark.timeout(600))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print sizes and times."""
    if NOTES:
        terminalreporter.section("images and containers")
        for note in NOTES:
            terminalreporter.write_line(note)


@pytest.fixture(scope="session")
def images() -> None:
    """Build all images with the command that people use."""
    require_engine()
    with timed("make images ARGS=--db2"):
        done = subprocess.run(
            [ROOT / "scripts" / "images.sh", "--db2"], capture_output=True, text=True
        )
    assert done.returncode == 0, done.stderr[-4000:]
    NOTES.extend(f"          {line}" for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def stack(images: None, tmp_path_factory) -> Iterator[Callable[..., Stack]]:
    """Make a project of compose: ``stack(profiles, files, VARIABLE=…)``."""
    made: list[Stack] = []

    def make(*arguments: Any, **variables: str) -> Stack:
        made.append(Stack(tmp_path_factory.mktemp("stack"), *arguments, **variables))
        return made[-1]

    yield make
    for project in made:
        project.down("--volumes")
