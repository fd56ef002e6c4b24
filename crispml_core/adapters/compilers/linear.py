"""Linear models to weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from sklearn.linear_model import (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    RidgeCV,
    SGDClassifier,
    SGDRegressor,
)

from crispml_core.domain.compiled import LinearCore
from crispml_core.ports.model_compiler import NotCompilable

REGRESSORS = (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    LinearRegression,
    Ridge,
    RidgeCV,
    SGDRegressor,
)
CLASSIFIERS = (LogisticRegression, LogisticRegressionCV, SGDClassifier)


def linear_core(estimator: Any, means: Sequence[float]) -> LinearCore:
    """Return the weights of a fitted linear model.

    Parameters
    ----------
    means : sequence of float
        Mean of each column that it was trained on.

    Raises
    ------
    NotCompilable
        If it is a classifier that knows no logistic probabilities.
    """
    weights = np.atleast_2d(estimator.coef_)
    intercepts = np.broadcast_to(np.atleast_1d(estimator.intercept_), len(weights))
    return LinearCore(
        link=_link(estimator, len(weights)),
        intercepts=tuple(intercepts.astype(np.float64).tolist()),
        weights=tuple(tuple(row) for row in weights.astype(np.float64).tolist()),
        means=tuple(means),
    )


def _link(estimator: Any, outputs: int) -> Literal["identity", "logit", "softmax", "one_vs_rest"]:
    if isinstance(estimator, REGRESSORS):
        return "identity"
    is_sgd = isinstance(estimator, SGDClassifier)
    if is_sgd and estimator.loss != "log_loss":
        raise NotCompilable(f"the loss {estimator.loss} of the linear model has no logistic link")
    if outputs == 1:
        return "logit"
    return "one_vs_rest" if is_sgd else "softmax"
