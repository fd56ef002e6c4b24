"""What became of the records of each group: counts, promised and observed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import chi2

from crispml_core.monitoring import intervals
from crispml_core.monitoring.calibration import calibration_curve, expected_calibration_error
from crispml_core.monitoring.ordering import by_content
from crispml_core.monitoring.recalibration import MIN_OF_CLASS, fit, influence, logs, thinned
from crispml_core.monitoring.two_groups import Moments, Rate

_SINGULAR = 1e-9
"""One minus the squared correlation of slope and intercept from which on they are one number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Decisions and truth of a group, as far as they are known.

    Parameters
    ----------
    selected : Rate
        Of all records, those with the favourable decision.
    true_positive, false_positive : Rate
        Of the labelled records whose truth is, or is not, the favourable class, those with the
        favourable decision.
    precision : Rate
        Of the labelled records with the favourable decision, those whose truth is that class.
    surprise : Moments or None
        Of observed minus promised, over the labelled records; None without probabilities.
    """

    selected: Rate
    true_positive: Rate
    false_positive: Rate
    precision: Rate
    surprise: Moments | None

    @classmethod
    def of(
        cls,
        selected: np.ndarray,
        favourable: np.ndarray,
        labelled: np.ndarray,
        p: np.ndarray | None,
    ) -> Outcomes:
        """Count the records of one group.

        Parameters
        ----------
        selected : ndarray of bool, shape (n,)
            Which have the favourable decision.
        favourable : ndarray of bool, shape (n,)
            Whose truth is the favourable class; read only where `labelled`.
        labelled : ndarray of bool, shape (n,)
            Whose truth is known.
        p : ndarray of shape (n,) or None
            The probability of the favourable class.
        """
        chosen, truth = selected[labelled], favourable[labelled]
        hits, positives, decided = (int(part.sum()) for part in (chosen & truth, truth, chosen))
        return cls(
            selected=Rate(int(selected.sum()), len(selected)),
            true_positive=Rate(hits, positives),
            false_positive=Rate(decided - hits, len(truth) - positives),
            precision=Rate(hits, decided),
            surprise=None if p is None else Moments.of(truth - p[labelled]),
        )

    def rates(self, with_labels: bool) -> dict[str, Any]:
        """Return the rates with their intervals; None where labels must not be shown."""
        found = {"selection_rate": self.selected.interval}
        for name, rate in (
            ("true_positive_rate", self.true_positive),
            ("false_positive_rate", self.false_positive),
            ("precision", self.precision),
        ):
            found[name] = rate.interval if with_labels else intervals.interval(None)
        return found


def calibration_of(truth: np.ndarray, p: np.ndarray) -> dict[str, Any]:
    """Return whether probabilities mean what they say in one group.

    Parameters
    ----------
    truth : ndarray of bool, shape (n,)
        Whose truth is the favourable class.
    p : ndarray of shape (n,)
        The probability of that class.

    Returns
    -------
    dict
        ``observed_minus_promised`` with its interval; ``expected_error``, the expected calibration
        error over ten bins; ``slope`` and ``intercept`` of a logistic regression of the truth on
        the logit (Cox 1958) with their intervals, and the ``p_value`` of Wald's test that they are
        1 and 0 (Miller, Hui, Tierney 1991). The last three are None where a class has few records
        or the probabilities hardly differ.
    """
    found: dict[str, Any] = {
        "observed_minus_promised": Moments.of(truth - p).interval,
        "expected_error": expected_calibration_error(calibration_curve(truth.astype(int), p)),
        "slope": intervals.interval(None),
        "intercept": intervals.interval(None),
        "p_value": None,
    }
    if min(truth.sum(), (~truth).sum()) < MIN_OF_CLASS:
        return found
    rows = thinned(by_content((truth, p)))
    X, y = logs(np.stack((1 - p[rows], p[rows]))), truth[rows].astype(np.int64)
    theta = fit(X, y)
    parts = influence(X, y, theta)
    covariance = np.array([[float((a * b).sum()) for a in parts] for b in parts])
    (a, b), (_, c) = covariance.tolist()
    if a * c - b * b <= _SINGULAR * a * c:
        return found
    away = theta - np.array([1.0, 0.0])
    wald = float(away @ np.linalg.solve(covariance, away))
    for name, value, variance in zip(
        ("slope", "intercept"), theta.tolist(), np.diag(covariance).tolist(), strict=True
    ):
        half = intervals.Z * math.sqrt(variance)
        found[name] = intervals.interval(value, value - half, value + half)
    return found | {"p_value": float(chi2.sf(wald, 2))}
