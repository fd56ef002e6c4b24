"""Gives the champion of a service a challenger."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.services.service import CHALLENGER, version_of


def challenge(scoring: Any, traffic: float, version: str = CHALLENGER) -> None:
    parts = scoring.parts
    parts.models.publish(version_of(parts.use_cases["toy"], version), {})
    parts.aliases.move("toy", "challenger", version, expected=None, traffic=traffic)
    until(lambda: parts.engine.models.find("toy", "champion").challenger is not None)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")
