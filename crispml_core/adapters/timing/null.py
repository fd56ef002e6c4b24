"""No timing log: the steps of a run keep their own times anyway."""

from __future__ import annotations

from crispml_core.domain.runs import MethodTiming


class NullTimingLog:
    """Forgets every timing."""

    def record(self, use_case: str, timing: MethodTiming) -> None:
        """Do nothing."""
