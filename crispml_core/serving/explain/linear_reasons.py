"""Contributions of a linear model: weight times distance from the mean of the training rows.

They are the Shapley values of a linear model whose columns are taken as independent (Štrumbelj and
Kononenko 2014, Explaining Prediction Models and Individual Predictions with Feature Contributions).
"""

from __future__ import annotations

import numpy as np

from crispml_core.domain.compiled import LinearCore
from crispml_core.serving.explain.contributions import Contributions


class LinearReasons:
    """Explains the outputs of a linear model.

    Parameters
    ----------
    core : LinearCore
        The weights, and the means of the training rows.
    """

    def __init__(self, core: LinearCore) -> None:
        self._weights = np.array(core.weights, dtype=np.float64)
        self._intercepts = np.array(core.intercepts, dtype=np.float64)
        self._means = np.array(core.means, dtype=np.float64)
        self._base = self._intercepts + self._weights @ self._means

    def explain(self, x: np.ndarray, output: int | None = None) -> Contributions:
        """Explain one curated record; `output` is the largest one when it is left out."""
        scores = self._intercepts + self._weights @ x
        chosen = int(scores.argmax()) if output is None else output
        parts = self._weights[chosen] * (x - self._means)
        return Contributions(chosen, float(self._base[chosen]), float(scores[chosen]), parts)
