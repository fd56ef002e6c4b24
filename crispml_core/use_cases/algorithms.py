"""The algorithms that a YAML use case can name, each with the curation that suits it.

scikit-learn is imported when a curation or an estimator is made: a process that only scores reads
the same files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from crispml_core.domain.algorithms import Algorithm, Hyperparameter
from crispml_core.domain.errors import InvalidInput, did_you_mean

if TYPE_CHECKING:
    from sklearn.compose import ColumnTransformer


@dataclass(frozen=True, slots=True)
class Columns:
    """The prepared columns that a model may read.

    Parameters
    ----------
    numeric : tuple of str
        Numbers and truth values.
    categorical : tuple of str
        Texts with few values.
    """

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]


def one_hot(columns: Columns) -> ColumnTransformer:
    """Impute the median, scale to unit variance and one-hot encode: for linear models."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    texts = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return ColumnTransformer(
        [
            ("numbers", numbers, list(columns.numeric)),
            ("texts", texts, list(columns.categorical)),
        ],
        sparse_threshold=0,
    )


def ordinal(columns: Columns) -> ColumnTransformer:
    """Encode categories as numbers and leave missing values missing: for boosted trees."""
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OrdinalEncoder

    texts = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=float("nan"))
    return ColumnTransformer(
        [
            ("texts", texts, list(columns.categorical)),
            ("numbers", "passthrough", list(columns.numeric)),
        ],
        sparse_threshold=0,
    )


def _estimator(module: str, name: str, **fixed: Any) -> Callable[..., Any]:
    """Return a function that imports an estimator and makes it, with some parameters fixed."""

    def make(**given: Any) -> Any:
        return getattr(import_module(f"sklearn.{module}"), name)(**fixed, **given)

    return make


@dataclass(frozen=True, slots=True)
class _Recipe:
    curate: Callable[[Columns], ColumnTransformer]
    classifier: Callable[..., Any] | None
    regressor: Callable[..., Any] | None
    hyperparameters: tuple[Hyperparameter, ...]
    description: str


_TREES = (
    Hyperparameter("learning_rate", 0.05, 0.001, 1.0, search=(0.03, 0.05, 0.1), scale="log"),
    Hyperparameter("max_iter", 150, 1, 5000),
    Hyperparameter("max_leaf_nodes", 15, 2, 1024, search=(7, 15, 31)),
    Hyperparameter("min_samples_leaf", 20, 1, 10_000),
    Hyperparameter("l2_regularization", 1.0, 0.0, 1000.0, search=(0.0, 1.0, 10.0)),
)

_FOREST = (
    Hyperparameter("n_estimators", 200, 1, 5000),
    Hyperparameter("max_depth", None, 1, 100, search=(None, 8, 16)),
    Hyperparameter("min_samples_leaf", 3, 1, 10_000, search=(1, 3, 10)),
)

RECIPES: Mapping[str, _Recipe] = {
    "logistic_regression": _Recipe(
        one_hot,
        _estimator("linear_model", "LogisticRegression", max_iter=2000),
        None,
        (Hyperparameter("C", 0.3, 1e-4, 1e4, search=(0.03, 0.1, 0.3, 1.0, 3.0), scale="log"),),
        "Logistic regression on scaled and one-hot encoded columns.",
    ),
    "ridge": _Recipe(
        one_hot,
        None,
        _estimator("linear_model", "Ridge"),
        (Hyperparameter("alpha", 1.0, 1e-6, 1e6, search=(0.1, 1.0, 10.0), scale="log"),),
        "Ridge regression on scaled and one-hot encoded columns.",
    ),
    "gradient_boosting": _Recipe(
        ordinal,
        _estimator("ensemble", "HistGradientBoostingClassifier"),
        _estimator("ensemble", "HistGradientBoostingRegressor"),
        _TREES,
        "Histogram gradient boosting on ordinal categories, missing values as they are.",
    ),
    "random_forest": _Recipe(
        one_hot,
        _estimator("ensemble", "RandomForestClassifier"),
        _estimator("ensemble", "RandomForestRegressor"),
        _FOREST,
        "Random forest on one-hot encoded columns.",
    ),
}


def tabular_algorithm(
    name: str, columns: Columns, is_classification: bool, defaults: Mapping[str, Any]
) -> Algorithm:
    """Make one of `RECIPES` for the columns of a use case.

    Parameters
    ----------
    name : str
        Name of the recipe.
    columns : Columns
        What the model may read.
    is_classification : bool
        Whether the target is a class.
    defaults : dict
        Hyperparameters whose default differs from the recipe.

    Raises
    ------
    InvalidInput
        If there is no such recipe for the task, or a default is not allowed.
    """
    fitting = _fitting(is_classification)
    if name not in fitting:
        raise InvalidInput(
            f"algorithms: {name!r} is not offered for this task{did_you_mean(name, fitting)}; "
            f"known: {', '.join(fitting)}"
        )
    recipe = RECIPES[name]
    estimator = recipe.classifier if is_classification else recipe.regressor
    assert estimator is not None
    plain = Algorithm(
        name=name,
        curate=lambda: recipe.curate(columns),
        estimator=estimator,
        hyperparameters=recipe.hyperparameters,
        description=recipe.description,
    )
    complete = plain.complete(defaults)
    tuned = tuple(replace(item, default=complete[item.name]) for item in plain.hyperparameters)
    return replace(plain, hyperparameters=tuned)


def _fitting(is_classification: bool) -> Sequence[str]:
    return [
        name
        for name, recipe in RECIPES.items()
        if (recipe.classifier if is_classification else recipe.regressor) is not None
    ]
