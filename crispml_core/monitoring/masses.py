"""KPIs of records that belong to classes by mass, and how a KPI moves with each mass.

A record that is known to be of class c has its mass there: 1, or what it stands for when records
are weighted. A record without a label has its mass spread over the classes by their probability.
One set of formulas then serves the weighted KPI and the expected one.

Every KPI is a smooth function of sums over records, so to first order its error is the sum of what
each record adds: its *slope*, the derivative of the KPI by the record's mass (the influence
function of the KPI: Hampel 1974; linearisation of survey estimators: Deville 1999). From the slopes
follow all variances. A variance needs no million records: slopes are asked for `at` some of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from crispml_core.monitoring import intervals
from crispml_core.monitoring.intervals import Interval

Scale = Literal["share", "auc", "mean"]
Positions = np.ndarray | slice
EVERY = slice(None)


@dataclass(frozen=True, slots=True, eq=False)
class Sloped:
    """A KPI with its derivative by the mass of records in every class.

    Parameters
    ----------
    value : float
        The KPI over all records.
    slopes : ndarray of shape (k, m)
        Its derivative by the mass in each class, of the records that were asked for.
    trials : float
        On how many equally weighted records a share or an AUC rests, see `kish`; used where the
        variance is 0 although the KPI is not certain.
    scale : {"share", "auc", "mean"}
        How the interval is made: Wilson's, on the logit scale, or normal.
    minimum, maximum : float
        What a mean cannot pass.
    """

    value: float
    slopes: np.ndarray
    trials: float
    scale: Scale = "share"
    minimum: float = -math.inf
    maximum: float = math.inf

    def interval(self, variance: float) -> Interval:
        """Return the KPI with the interval that a variance gives.

        A share has the interval of Wilson for as many trials as would have this variance, the
        effective sample size of Korn and Graubard (1998); it stays inside [0, 1] and, with equal
        weights, is Wilson's own.
        """
        if self.scale == "auc":
            known = variance if variance > 0 else None
            return intervals.auc_interval(self.value, known, self.trials)
        if self.scale == "share":
            spread = self.value * (1 - self.value)
            trials = spread / variance if variance > 0 and spread > 0 else self.trials
            bounds = intervals.wilson(self.value * trials, trials)
            return intervals.interval(self.value, bounds["low"], bounds["high"])
        half = intervals.Z * math.sqrt(max(variance, 0.0))
        return intervals.interval(
            self.value,
            max(self.minimum, self.value - half),
            min(self.maximum, self.value + half),
        )


def kish(masses: np.ndarray) -> float:
    """Return the effective number of records, (sum w)^2 / sum w^2 (Kish 1965); 0 without mass."""
    squares = float((masses**2).sum())
    return float(masses.sum()) ** 2 / squares if squares > 0 else 0.0


def one_hot(y: np.ndarray, n_classes: int, weights: np.ndarray | None = None) -> np.ndarray:
    """Return masses of shape (n_classes, n): all of a record in its class, 1 or its weight."""
    masses = np.zeros((n_classes, len(y)))
    masses[y.astype(np.int64), np.arange(len(y))] = 1.0 if weights is None else weights
    return masses


def mean_slopes(
    masses: np.ndarray,
    values: np.ndarray,
    at: Positions = EVERY,
    minimum: float = -math.inf,
    maximum: float = math.inf,
) -> Sloped:
    """Return the mean of what each record would have as a member of each class, shape (k, n)."""
    total = float(masses.sum())
    value = float((masses * values).sum()) / total
    slopes = (values[:, at] - value) / total
    return Sloped(value, slopes, 0.0, "mean", minimum, maximum)


def share_slopes(masses: np.ndarray, right: np.ndarray, at: Positions = EVERY) -> Sloped:
    """Return the share of the mass that is right, as `mean_slopes` of zeros and ones."""
    found = mean_slopes(masses, right, at)
    return Sloped(min(1.0, found.value), found.slopes, kish(masses.sum(axis=0)))
