"""What a load must keep: files of thresholds, whose misses set the exit code."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from crispml_core.domain.errors import InvalidInput
from loadtest.names import NAMES

DEFAULT, SOAK = (Path(__file__).with_name(f"{name}.toml") for name in ("thresholds", "soak"))


class Verdict(StrEnum):
    """Whether a figure keeps its threshold; of a request that was never due nothing is known."""

    MET = "met"
    MISSED = "missed"
    NOT_MEASURED = "not measured"


class Threshold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule.

    Parameters
    ----------
    figure : str
        A figure of the results.
    request : str, optional
        The request whose figure it is; without one, that of the whole load.
    maximum, minimum : float, optional
        What the figure may be at most, and must be at least.
    """

    figure: str
    request: str | None = None
    maximum: float | None = None
    minimum: float | None = None

    def __post_init__(self) -> None:
        if self.maximum is None and self.minimum is None:
            raise ValueError(f"the threshold of {self.figure} needs a maximum or a minimum")
        if self.request is not None and self.request not in NAMES:
            raise ValueError(f"request of {self.figure} must be one of: {', '.join(NAMES)}")

    @property
    def name(self) -> str:
        """What the rule is called."""
        return self.figure if self.request is None else f"{self.request}: {self.figure}"


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A threshold, the figure that was measured, and what came of it."""

    name: str
    verdict: Verdict
    value: float | None
    maximum: float | None
    minimum: float | None

    @property
    def bounds(self) -> str:
        """What the figure has to keep, in words."""
        words = (("at least", self.minimum), ("at most", self.maximum))
        return " ".join(f"{word} {limit:g}" for word, limit in words if limit is not None)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    threshold: list[Threshold]


def read_thresholds(path: Path) -> list[Threshold]:
    """Return the thresholds of a file, or of all `.toml` files of a folder.

    Raises
    ------
    InvalidInput
        If a file has none or a wrong one, or the folder has no file: nothing would be judged.
    """
    if not path.is_dir():
        return _read(path)
    files = sorted(path.glob("*.toml"))
    if not files:
        raise InvalidInput(f"{path} has no file of thresholds")
    return [threshold for file in files for threshold in _read(file)]


def _read(file: Path) -> list[Threshold]:
    try:
        with file.open("rb") as source:
            found = msgspec.convert(tomllib.load(source), _File).threshold
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InvalidInput(f"{file}: {error}") from None
    if not found:
        raise InvalidInput(f"{file} has no thresholds")
    return found


def judge(thresholds: Sequence[Threshold], result: Mapping[str, Any]) -> list[Judged]:
    """Return what came of each threshold.

    Raises
    ------
    InvalidInput
        If a figure is none of the results: a rule with a typing error must not count as kept.
    """
    return [_judged(threshold, result) for threshold in thresholds]


def is_kept(judged: Sequence[Judged]) -> bool:
    """Return whether no threshold was missed."""
    return all(one.verdict is not Verdict.MISSED for one in judged)


def _judged(threshold: Threshold, result: Mapping[str, Any]) -> Judged:
    figures: Mapping[str, Any] | None = result
    if threshold.request is not None:
        figures = result["by_request"].get(threshold.request)
    verdict, value = Verdict.NOT_MEASURED, None
    if figures is not None:
        if threshold.figure not in figures:
            raise InvalidInput(f"the results have no figure {threshold.name}")
        value = figures[threshold.figure]
        verdict = Verdict.MET if _is_kept(threshold, value) else Verdict.MISSED
    return Judged(
        name=threshold.name,
        verdict=verdict,
        value=value,
        maximum=threshold.maximum,
        minimum=threshold.minimum,
    )


def _is_kept(threshold: Threshold, value: Any) -> bool:
    """Return whether a figure keeps both bounds; one that is not there keeps none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    low, high = threshold.minimum, threshold.maximum
    return (low is None or value >= low) and (high is None or value <= high)
