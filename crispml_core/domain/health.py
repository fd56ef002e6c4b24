"""Is a version fit to answer? Verdicts, and how many of them it takes to change the answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crispml_core.domain.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPolicy:
    """How many verdicts in a row it takes, so that what serves does not flap.

    The names are those of a Kubernetes probe. One failure is enough by default, because a wrong
    answer costs more than an answer of the fallback; to come back takes two.

    Parameters
    ----------
    failure_threshold : int
        So many unhealthy verdicts in a row make a version unfit.
    success_threshold : int
        So many healthy verdicts in a row make it fit again.
    """

    failure_threshold: int = 1
    success_threshold: int = 2

    def __post_init__(self) -> None:
        for name in ("failure_threshold", "success_threshold"):
            if not 1 <= getattr(self, name) <= 100:
                raise InvalidInput(f"monitoring: health: {name} must be between 1 and 100")


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthVerdict:
    """One judgement of a version while it is in service; the newest one counts.

    Parameters
    ----------
    sequence : int
        Number of the verdict among those of the model.
    healthy : bool
        What was judged.
    streak : int
        How many verdicts in a row, this one included, say the same.
    fit : bool
        Whether the version may answer from now on. It stays what it was until `streak` reaches the
        threshold of the policy.
    evidence : str
        Id of the report that the verdict stands on; empty when there is none.
    """

    model: str
    version: str
    sequence: int
    healthy: bool
    streak: int
    fit: bool
    reason: str
    judged_at: datetime
    judged_by: str = ""
    evidence: str = ""


def weigh(before: HealthVerdict | None, healthy: bool, policy: HealthPolicy) -> tuple[int, bool]:
    """Return the streak and the fitness after another verdict.

    Parameters
    ----------
    before : HealthVerdict or None
        The verdict before on the same version. A version that nobody judged is fit.
    """
    same = before is not None and before.healthy is healthy
    streak = before.streak + 1 if before is not None and same else 1
    needed = policy.success_threshold if healthy else policy.failure_threshold
    fit = before.fit if before is not None else True
    return streak, healthy if streak >= needed else fit
