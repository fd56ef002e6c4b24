"""Where the timings of the methods go."""

from __future__ import annotations

from typing import Protocol

from crispml_core.domain.runs import MethodTiming


class TimingLog(Protocol):
    """Takes one point per method call; must never fail or slow a call."""

    def record(self, use_case: str, timing: MethodTiming) -> None:
        """Note that a method ended."""
        ...
