"""The three pipelines, as scikit-learn spells them.

They are fitted in the environment of each peer, so this module needs scikit-learn only. It imports
it where it is used, as the algorithms of YAML use cases do: who scores a compiled model need not
load it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from benchmarks.adult.columns import CATEGORIES, NUMBERS

if TYPE_CHECKING:
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

SEED = 0


def scaled_and_one_hot() -> ColumnTransformer:
    """Curate for the linear model and the forest."""
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    texts = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return ColumnTransformer(
        [("numbers", StandardScaler(), list(NUMBERS)), ("texts", texts, list(CATEGORIES))]
    )


def numbered_categories() -> ColumnTransformer:
    """Curate for boosted trees: categories as numbers in front, then the numbers as they are."""
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OrdinalEncoder

    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=float("nan"))
    return ColumnTransformer(
        [("texts", codes, list(CATEGORIES)), ("numbers", "passthrough", list(NUMBERS))]
    )


def logistic_regression() -> LogisticRegression:
    """Make the linear model."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=2000)


def gradient_boosting() -> HistGradientBoostingClassifier:
    """Make 200 boosted trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=200, early_stopping=False)


def random_forest() -> RandomForestClassifier:
    """Make 200 trees that are grown to the end."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=200)


PARTS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "logistic_regression": (scaled_and_one_hot, logistic_regression),
    "gradient_boosting": (numbered_categories, gradient_boosting),
    "random_forest": (scaled_and_one_hot, random_forest),
}
"""Curation and estimator of each algorithm."""

ALGORITHMS = tuple(PARTS)


def pipeline(algorithm: str) -> Pipeline:
    """Return the unfitted pipeline of one of `ALGORITHMS`."""
    from sklearn.pipeline import Pipeline

    curate, estimator = PARTS[algorithm]
    model = estimator().set_params(random_state=SEED)
    return Pipeline([("curate", curate()), ("model", model)])
