"""Was a model version made again? What was compared, and what differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How equal a version that was made again is.

    ``identical``: from the same data, definition, and libraries came the same bytes. ``same
    answers``: other bytes, and bit by bit the same answers to every golden record and every record
    of ``test``, the same threshold and the same KPIs. ``different``: anything else.
    """

    IDENTICAL = "identical"
    SAME_ANSWERS = "same answers"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was recorded.

    Parameters
    ----------
    what : str
        Its name, such as ``library numpy`` or ``kpi test auc``.
    recorded, now : object
        As the registry has it, and as it is now; no value of a record.
    """

    what: str
    recorded: Any
    now: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersCompared:
    """The answers of both models to the ``test`` records.

    Parameters
    ----------
    records : int
        How many records both answered.
    different : int
        For how many of them any number differs in any bit.
    decisions : int
        For how many the decision differs.
    largest_deviation : float
        Largest distance of two numbers: a probability, or the predicted number.
    """

    records: int
    different: int
    decisions: int
    largest_deviation: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """What came out when a version was made again; nothing of it is published.

    Parameters
    ----------
    files : dict
        Per file of the version whether the bytes are equal.
    answers : AnswersCompared or None
        None when the model could not be made again.
    differences : tuple of Difference
        What is not as it was recorded: definition, libraries, data, threshold, KPIs.
    """

    model: str
    version: str
    level: Level
    files: dict[str, bool] = field(default_factory=dict)
    answers: AnswersCompared | None = None
    differences: tuple[Difference, ...] = ()


def level_of(
    files: Mapping[str, bool], answers: AnswersCompared | None, differences: Iterable[Difference]
) -> Level:
    """Return how equal a version is; every recorded fact that differs makes it different."""
    if answers is None or answers.different or any(True for _ in differences):
        return Level.DIFFERENT
    return Level.IDENTICAL if all(files.values()) else Level.SAME_ANSWERS


def differences_of(
    what: str, recorded: Mapping[str, Any], now: Mapping[str, Any]
) -> list[Difference]:
    """Return the entries of two mappings that are not equal; a missing one is None."""
    return [
        Difference(f"{what} {name}", recorded.get(name), now.get(name))
        for name in dict.fromkeys([*recorded, *now])
        if recorded.get(name) != now.get(name)
    ]
