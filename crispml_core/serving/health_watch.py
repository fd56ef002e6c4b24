"""Which versions are unfit to answer, as far as this process has heard."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.health import HealthVerdict


class HealthWatch:
    """Follows the verdicts on the versions of some models.

    Parameters
    ----------
    highest : callable
        Returns the newest sequence per model; asked often, so it must be cheap.
    current : callable
        Returns the newest verdict on every version of a model.
    """

    def __init__(
        self,
        highest: Callable[[], Mapping[str, int]] = dict,
        current: Callable[[str], Mapping[str, HealthVerdict]] = lambda model: {},
    ) -> None:
        self._highest, self._current = highest, current
        self._sequences: dict[str, int] = {}
        self._verdicts: dict[str, Mapping[str, HealthVerdict]] = {}

    def look(self) -> None:
        """Take in what is new; while the store is away, what was heard stays."""
        try:
            for model, newest in self._highest().items():
                if newest > self._sequences.get(model, 0):
                    self._verdicts[model] = self._current(model)
                    self._sequences[model] = newest
        except StoreUnavailable:
            return

    def unfit(self, model: str, version: str) -> str | None:
        """Return why a version is unfit to answer, or None when it is fit."""
        verdict = self._verdicts.get(model, {}).get(version)
        return None if verdict is None or verdict.fit else verdict.reason
