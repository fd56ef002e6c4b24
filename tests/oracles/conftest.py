"""Other people's implementations of our formulas, each in an environment of its own.

A program reads each question as one line of JSON from standard input, and prints its answer as one
line of JSON. To import what it asks takes it seconds, so it is started once.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def ask(
    environment: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, Any], Any]]:
    """Ask the program of an oracle: ``ask("fairlearn", {"y": [0, 1]})``."""
    complaints = tmp_path_factory.mktemp("oracles")
    with ExitStack() as stack:

        @cache
        def started(name: str) -> subprocess.Popen[str]:
            program = subprocess.Popen(
                [
                    environment(HERE / "requirements" / f"{name}.txt"),
                    HERE / "programs" / f"{name}_program.py",
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stack.enter_context((complaints / name).open("w")),
                text=True,
            )
            return stack.enter_context(program)  # at the end its input ends, and so does it

        def answer(name: str, question: Any) -> Any:
            program = started(name)
            assert program.stdin is not None
            assert program.stdout is not None
            program.stdin.write(json.dumps(question) + "\n")
            program.stdin.flush()
            said = program.stdout.readline()
            assert said, (complaints / name).read_text()[-4000:]
            return json.loads(said)

        yield answer
