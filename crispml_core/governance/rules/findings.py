"""What one condition of a rule found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one condition found.

    Parameters
    ----------
    what : str
        The fact in words.
    holds : bool or None
        None when the fact is unknown.
    value : float or None
        The number that was looked at.
    bound : str
        What it was held against.
    reason : str
        Why it is unknown, or what else there is to say.
    """

    what: str
    holds: bool | None
    value: float | None = None
    bound: str = ""
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as an evaluation shows it."""
        return asdict(self)

    @property
    def sentence(self) -> str:
        """The finding in words, for example ``kpi auc is 0.61 (below 0.7)``.

        A bound that is kept is told as what is not so: ``kpi auc is 0.81 (fires when below 0.7)``.
        """
        when = "fires when " if self.holds is False else ""
        bound = f" ({when}{self.bound})" if self.bound else ""
        said = "unknown" if self.value is None else f"{self.value:.4g}"
        return (
            f"{self.what}{bound}: {self.reason}" if self.reason else f"{self.what} is {said}{bound}"
        )
