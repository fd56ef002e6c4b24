"""Tasks that workers find by their names."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from crispml_core.domain.errors import InvalidRecords, Problem


def square(part: int) -> int:
    return part * part


def process_of(part: int) -> tuple[int, int]:
    time.sleep(0.02)
    return part, os.getpid()


def refuse_three(part: int) -> int:
    if part == 3:
        raise InvalidRecords([Problem("missing", "age is missing", "age", 7)])
    return part


def slow(part: int) -> int:
    time.sleep(part)
    return part


def die_once(part: tuple[int, str]) -> int:
    """Kill the worker that takes part 5 for the first time."""
    number, mark = part
    if number == 5 and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die(part: int) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)
