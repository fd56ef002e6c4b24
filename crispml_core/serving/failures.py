"""Why a champion does not answer, and the sentence that an operator reads about it."""

from __future__ import annotations

from dataclasses import dataclass

from crispml_core.domain.models import CHAMPION

# How long a version that did not load is left alone.
RETRY_S = 5.0
# Codes of serving events: the champion is judged unfit to answer; there is none.
UNFIT, MISSING = "version_unfit", "champion_missing"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a version cannot serve.

    Parameters
    ----------
    version : str
        The version; empty when an alias points at none.
    at : float
        When that was found out, by the clock of the process.
    """

    version: str
    reason: str
    at: float = 0.0
    code: str = ""

    def delays(self, version: str, now: float) -> bool:
        """Whether it is too early to load this version again."""
        return self.version == version and self.code != UNFIT and now - self.at < RETRY_S


def missing(use_case: str) -> Failure:
    """Return the failure of a model that has no champion."""
    reason = f"model {use_case} has no {CHAMPION} yet; train a version and set the alias"
    return Failure("", reason, code=MISSING)


def sentence(serving: str | None, is_fallback: bool, failure: Failure) -> str:
    """Say what serves in the place of a champion that does not, and why.

    Parameters
    ----------
    serving : str or None
        The version that answers; None when there is none.
    """
    if serving is None:
        if not failure.version:
            return failure.reason
        return f"version {failure.version} cannot serve: {failure.reason}"
    role = "the fallback" if is_fallback else "the version before"
    because = f"version {failure.version} cannot: " if failure.version else ""
    return f"{role} {serving} serves, because {because}{failure.reason}"
