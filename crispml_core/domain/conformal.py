"""Split-conformal label sets and intervals: what a stored table answers at a level.

A table holds order statistics of the scores of records that the model has not learnt from. For a
class the score is one minus the probability of the true class (LAC: Sadinle, Lei, Wasserman 2019,
Least Ambiguous Set-Valued Classifiers with Bounded Error Levels); for a number it is the absolute
residual (Lei et al. 2018, Distribution-Free Predictive Inference for Regression). If the records to
come are exchangeable with those, the answer holds the truth with at least the probability that the
level names, whatever the model is worth.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, Self

from crispml_core.domain.errors import InvalidInput

LOWEST_LEVEL = 0.5
"""Below it a table keeps nothing."""

AGREEMENT = 1e-6
"""How far a compiled model may be from the fitted one, in probability; label sets allow for it."""

Kind = Literal["label_set", "interval"]


@dataclass(frozen=True, slots=True)
class ConformalTable:
    """Order statistics of the calibration scores, from the median upwards.

    Parameters
    ----------
    kind : str
        ``label_set`` for classes, ``interval`` for numbers.
    n : int
        How many records it was calibrated on.
    ranks : tuple of int
        The ranks that were kept, from 1 to `n`, rising; the last one is `n`. Of equal scores it is
        the highest rank.
    scores : tuple of float
        The score at each of these ranks.
    """

    kind: Kind
    n: int
    ranks: tuple[int, ...]
    scores: tuple[float, ...]

    @property
    def highest_level(self) -> float:
        """The highest level that so many records support, n / (n + 1), rounded down."""
        digits = len(str(self.n + 1)) + 1
        return float(math.floor(Fraction(self.n, self.n + 1) * 10**digits) / 10**digits)

    def at(self, level: float) -> ConformalRule:
        """Return the rule of a level.

        Raises
        ------
        InvalidInput
            If the level is below `LOWEST_LEVEL` or above what the table supports.
        """
        rank = self.rank_of(level)
        # The next kept rank above: never less coverage than the level promises.
        place = next(i for i, kept in enumerate(self.ranks) if kept >= rank)
        return ConformalRule(self.kind, level, rank, self.ranks[place], self.scores[place])

    def rank_of(self, level: float) -> int:
        """Return ceil((n + 1) level), the rank whose score covers the next record at the level."""
        # The level as it is written: 0.9 as a float is a little more than nine tenths.
        rank = math.ceil((self.n + 1) * Fraction(str(float(level)))) if math.isfinite(level) else 0
        if level < LOWEST_LEVEL or not 1 <= rank <= self.n:
            raise InvalidInput(
                f"interval: must be a level between {LOWEST_LEVEL} and {self.highest_level}; this"
                f" version was calibrated on {self.n} records"
                if self.highest_level >= LOWEST_LEVEL
                else f"interval: this version was calibrated on {self.n} records, too few for any"
                " level"
            )
        return rank

    def to_dict(self) -> dict[str, Any]:
        """Return the table as JSON values."""
        return {
            "kind": self.kind,
            "n": self.n,
            "ranks": list(self.ranks),
            "scores": list(self.scores),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        return cls(
            values["kind"],
            int(values["n"]),
            tuple(int(rank) for rank in values["ranks"]),
            tuple(float(score) for score in values["scores"]),
        )


@dataclass(frozen=True, slots=True)
class ConformalRule:
    """What a level means for one record.

    Parameters
    ----------
    kind : str
        ``label_set`` or ``interval``.
    level : float
        The coverage that was asked for.
    rank : int
        The rank that the level needs.
    kept : int
        The rank whose score is taken, at least `rank`.
    bound : float
        That score: the largest that still belongs to the answer.
    """

    kind: Kind
    level: float
    rank: int
    kept: int
    bound: float

    def label_set(self, probabilities: Mapping[str, float]) -> tuple[str, ...]:
        """Return the classes that cannot be ruled out, in the order given; possibly none.

        Parameters
        ----------
        probabilities : mapping of str to float
            By class.
        """
        least = self.least_probability
        return tuple(name for name, p in probabilities.items() if p >= least)

    @property
    def least_probability(self) -> float:
        """The probability from which on a class belongs to the label set."""
        return 1.0 - self.bound - AGREEMENT

    def interval(self, number: float) -> tuple[float, float]:
        """Return the bounds around a predicted number."""
        return number - self.bound, number + self.bound

    def details(
        self, probabilities: Mapping[str, float] | None = None, number: float | None = None
    ) -> dict[str, Any]:
        """Return what is answered and kept with a score, as JSON values.

        ``refer`` says that a person should look: not exactly one class is left.

        Examples
        --------
        >>> rule = ConformalRule("label_set", 0.9, 90, 90, 0.7)
        >>> rule.details({"no": 0.65, "yes": 0.35})
        {'level': 0.9, 'set': ['no', 'yes'], 'refer': True}
        """
        if self.kind == "label_set":
            left = self.label_set(probabilities or {})
            return {"level": self.level, "set": list(left), "refer": len(left) != 1}
        if number is None:
            raise TypeError("an interval needs the predicted number")
        low, high = self.interval(number)
        return {"level": self.level, "low": low, "high": high}
