"""What the environment demands before an alias may move."""

from __future__ import annotations

from dataclasses import dataclass

from crispml_core.domain.errors import InvalidInput

PROD = "prod"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionRules:
    """The rules of one environment.

    Parameters
    ----------
    environment : str
        ``dev``, ``qa`` or ``prod``. Only prod demands anything: the others are where people try.
    """

    environment: str = "dev"

    @property
    def is_strict(self) -> bool:
        """Whether the environment demands anything."""
        return self.environment == PROD

    def check_reason(self, reason: str) -> None:
        """Raise `InvalidInput` when a move needs a reason and has none."""
        if self.is_strict and not reason.strip():
            raise InvalidInput("reason: say why; in prod every move of an alias needs a reason")
