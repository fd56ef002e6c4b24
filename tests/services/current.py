"""What an app is made of while one test runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class StillExecutor:
    """Takes no run by itself; a test ends runs through the store."""

    calls: list[str] = field(default_factory=list)
    on_wake: Callable[[], None] = lambda: None

    def watch(self, on_end: Callable[..., None]) -> None:
        self.on_end = on_end

    def start(self) -> None:
        self.calls.append("start")

    def wake(self) -> None:
        self.calls.append("wake")
        self.on_wake()

    def stop(self) -> None:
        self.calls.append("stop")


class CurrentParts:
    """Stands for the parts of the test that runs now.

    Making an app costs more than a whole test, so each app is made once and gets new parts.
    """

    def __init__(self) -> None:
        self.now: Any = None
        self.executor = StillExecutor()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.now, name)
