"""A log of verdicts in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from crispml_core.domain.health import HealthPolicy, HealthVerdict, weigh
from crispml_core.domain.identifiers import utc_now
from crispml_core.testing.fakes.idempotency import Answers


class FakeHealthLog:
    """Verdicts on versions, numbered per model.

    Parameters
    ----------
    clock : callable
        Returns the current moment in UTC.
    """

    def __init__(self, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._verdicts: dict[str, list[HealthVerdict]] = {}
        self._answers: Answers[HealthVerdict] = Answers()

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
        """Append a verdict, weighed with the one before by `policy`."""
        with self._lock:
            scope = (model, version)
            earlier = self._answers.find(scope, idempotency_key, fingerprint)
            if earlier is not None:
                return earlier
            verdicts = self._verdicts.setdefault(model, [])
            before = next(iter(self.history(model, version)), None)
            streak, fit = weigh(before, healthy, policy)
            now = self._clock()
            verdict = HealthVerdict(
                model=model,
                version=version,
                sequence=len(verdicts) + 1,
                healthy=healthy,
                streak=streak,
                fit=fit,
                reason=reason,
                judged_at=max(now, verdicts[-1].judged_at) if verdicts else now,
                judged_by=judged_by,
                evidence=evidence,
            )
            verdicts.append(verdict)
            self._answers.keep(scope, idempotency_key, fingerprint, verdict)
            return verdict

    def current(self, model: str) -> dict[str, HealthVerdict]:
        """Return the newest verdict on every version of the model that was judged."""
        return {verdict.version: verdict for verdict in self._verdicts.get(model, [])}

    def highest(self) -> dict[str, int]:
        """Return the sequence of the newest verdict of every model."""
        return {model: verdicts[-1].sequence for model, verdicts in self._verdicts.items()}

    def history(self, model: str, version: str) -> list[HealthVerdict]:
        """Return every verdict on a version, newest first."""
        found = reversed(self._verdicts.get(model, []))
        return [verdict for verdict in found if verdict.version == version]
