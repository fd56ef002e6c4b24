"""Other people's implementations of our formulas, each in an environment of its own.

A program reads its question as JSON from standard input and prints its answer as one line of JSON.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def ask(environment: Callable[[Path], Path]) -> Callable[[str, Any], Any]:
    """Ask the program of an oracle: ``ask("fairlearn", {"y": [0, 1]})``."""

    def answer(name: str, question: Any) -> Any:
        done = subprocess.run(
            [
                environment(HERE / "requirements" / f"{name}.txt"),
                HERE / "programs" / f"{name}_program.py",
            ],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout.splitlines()[-1])

    return answer
