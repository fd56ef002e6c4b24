"""A timing log in memory."""

from __future__ import annotations

from crispml_core.domain.runs import MethodTiming


class FakeTimingLog:
    """Keeps what was recorded, in order.

    Attributes
    ----------
    recorded : list of (str, MethodTiming)
        Use case and timing of every call.
    """

    def __init__(self) -> None:
        self.recorded: list[tuple[str, MethodTiming]] = []

    def record(self, use_case: str, timing: MethodTiming) -> None:
        """Note that a method ended."""
        self.recorded.append((use_case, timing))
