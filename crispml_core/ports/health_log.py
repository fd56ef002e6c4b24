"""What was judged about the versions in service."""

from __future__ import annotations

from typing import Protocol

from crispml_core.domain.health import HealthPolicy, HealthVerdict


class HealthLog(Protocol):
    """An append-only log of verdicts, with one sequence per model."""

    def judge(
        self,
        model: str,
        version: str,
        *,
        healthy: bool,
        reason: str,
        policy: HealthPolicy,
        judged_by: str = "",
        evidence: str = "",
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> HealthVerdict:
        """Append a verdict, weighed with the one before by `policy`.

        Raises
        ------
        IdempotencyKeyReused
            If the key came with another request before; with the same one, the first verdict is
            returned.
        """
        ...

    def current(self, model: str) -> dict[str, HealthVerdict]:
        """Return the newest verdict on every version of the model that was judged."""
        ...

    def highest(self) -> dict[str, int]:
        """Return the sequence of the newest verdict of every model."""
        ...

    def history(self, model: str, version: str) -> list[HealthVerdict]:
        """Return every verdict on a version, newest first."""
        ...
