"""Which groups must be treated alike, and how much difference is tolerated."""

from __future__ import annotations

import math
from dataclasses import dataclass

from crispml_core.domain.errors import InvalidInput, did_you_mean

OF_DECISIONS = (
    "disparate_impact",
    "equal_opportunity",
    "false_positive_rate",
    "predictive_parity",
    "calibration",
)
OF_NUMBERS = ("mean_residual",)
WITHOUT_LABELS = ("disparate_impact",)
"""Criteria that compare decisions alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    """An attribute by which a model is looked at for unequal treatment.

    The model need not know the attribute: a segment of a field that every curation ignores will do.
    The criteria cannot all hold where the groups differ in truth (Chouldechova 2017; Kleinberg,
    Mullainathan, Raghavan 2017), so name those that matter; the report has the numbers of all.

    Parameters
    ----------
    segment : str
        The segment whose groups are compared.
    favourable : str, optional
        The class that is good for the person, for example the loan that is granted. Needed for a
        classification; declare one `Fairness` for each favourable class.
    reference : str, optional
        The group that others are compared with; the largest one by default.
    criteria : tuple of str, optional
        What the verdict rests on: ``disparate_impact`` (ratio of selection rates),
        ``equal_opportunity`` (true positive rates), ``false_positive_rate``,
        ``predictive_parity`` (precision) and ``calibration`` (promised against observed); for a
        regression ``mean_residual``. By default the first two and ``calibration``.
    ratio : float
        The least ratio of selection rates, and its inverse the largest: the four-fifths rule of the
        Uniform Guidelines on Employee Selection Procedures (29 CFR 1607.4 D).
    difference : float
        The largest difference of rates.
    calibration : float
        The largest difference of what was observed minus promised.
    residual : float
        The largest difference of mean residuals, in standard deviations of the truth.
    """

    segment: str
    favourable: str | None = None
    reference: str | None = None
    criteria: tuple[str, ...] = ()
    ratio: float = 0.8
    difference: float = 0.1
    calibration: float = 0.05
    residual: float = 0.1

    def __post_init__(self) -> None:
        object.__setattr__(self, "criteria", tuple(self.criteria) or self._usual())
        known = OF_NUMBERS if self.favourable is None else OF_DECISIONS
        for name in self.criteria:
            if name not in known:
                raise InvalidInput(
                    f"{self}: there is no such criterion{did_you_mean(name, known)};"
                    f" known are {', '.join(known)}"
                )
        if not 0 < self.ratio < 1:
            raise InvalidInput(f"{self}: ratio must be between 0 and 1")
        for name in ("difference", "calibration", "residual"):
            tolerated = getattr(self, name)
            if not (math.isfinite(tolerated) and tolerated > 0):
                raise InvalidInput(f"{self}: {name} must be above 0")

    def __str__(self) -> str:
        return f"fairness of segment {self.segment}"

    def _usual(self) -> tuple[str, ...]:
        if self.favourable is None:
            return OF_NUMBERS
        return ("disparate_impact", "equal_opportunity", "calibration")
