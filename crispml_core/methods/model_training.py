"""Method 4, CRISP-DM *build model*.

In come the curated matrix, hyperparameters and a seed, out goes a fitted model with its decision
threshold. The model learns from ``train``; ``select`` chooses the threshold, calibrates intervals
and label sets, and gives the KPIs by which algorithms are compared; ``test`` is not looked at. A
search is cross-validated inside ``train``, with a new curation in each fold.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import Pipeline

from crispml_core.domain.algorithms import Algorithm, HyperValue
from crispml_core.domain.conformal import ConformalTable
from crispml_core.domain.datasets import SELECT, SPLIT_COLUMN, TRAIN
from crispml_core.domain.errors import InvalidInput, UseCaseError, describe_failure
from crispml_core.domain.search import Search, candidates
from crispml_core.domain.use_case import UseCase
from crispml_core.monitoring.binary import binary_kpis
from crispml_core.monitoring.conformal import fit_conformal
from crispml_core.monitoring.multiclass import multiclass_kpis
from crispml_core.monitoring.regression import regression_kpis
from crispml_core.monitoring.thresholds import best_threshold
from crispml_core.ports.compute import one_thread
from crispml_core.ports.progress import Progress, no_progress
from crispml_core.tables.curated import CuratedData
from crispml_core.tables.features import features
from crispml_core.tables.truth import encode_truth

FoldScore = Callable[[Mapping[str, HyperValue], int], float]
Folds = Callable[[], AbstractContextManager[FoldScore | None]]


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A model that learnt, and what was learnt about it.

    Parameters
    ----------
    estimator : object
        The fitted scikit-learn estimator of the curated matrix.
    hyperparameters : dict
        All of them, as they were used.
    threshold : float or None
        Binary only: decide the positive class from this probability on.
    kpis : dict
        KPIs on ``select``.
    search : tuple of dict
        What a search tried, best first, with ``mean`` and ``deviation`` of the score.
    notes : tuple of str
        What the data scientist should know, for example that the solver did not converge.
    conformal : ConformalTable or None
        What intervals or label sets rest on; None when an answer is not a finite number.
    """

    estimator: Any
    hyperparameters: dict[str, HyperValue]
    seed: int
    threshold: float | None
    kpis: dict[str, float | None]
    search: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    conformal: ConformalTable | None = None


class ModelTraining:
    """Fit an algorithm of a use case."""

    def __init__(self, use_case: UseCase, algorithm: Algorithm) -> None:
        self._use_case, self._algorithm = use_case, algorithm

    def run(
        self,
        curated: CuratedData,
        *,
        hyperparameters: Mapping[str, Any] | None = None,
        seed: int = 0,
        search: Search | None = None,
        prepared: pd.DataFrame | None = None,
        folds: Folds = nullcontext,
        progress: Progress = no_progress,
    ) -> FittedModel:
        """Fit the algorithm, after a search when one is asked for.

        Parameters
        ----------
        curated : CuratedData
            The matrix of all rows.
        hyperparameters : mapping, optional
            Those that differ from the defaults; a search starts from them.
        seed : int
            Seed of the estimator, the folds and a random search.
        search : Search, optional
            What to try before the final fit.
        prepared : DataFrame, optional
            The prepared rows, ``train`` at least; a search needs them to curate each fold anew.
        folds : callable, optional
            Returns a context in which joblib computes elsewhere. It gives what scores a fold there
            as `CrossValidation` of the same rows does.
        progress : Progress
            Told about each fold of a search.

        Raises
        ------
        InvalidInput
            If a hyperparameter is unknown or out of range, or a class is too small for the folds.
        UseCaseError
            If the estimator raises.
        """
        chosen = self._algorithm.complete(hyperparameters)
        tried: tuple[dict[str, Any], ...] = ()
        if search is not None:
            if prepared is None:
                raise InvalidInput("a search needs the prepared rows")
            tried = self._search(search, chosen, prepared, seed, folds, progress)
            chosen = tried[0]["hyperparameters"]
        X, y = curated.part(TRAIN)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            estimator = self._fit(chosen, seed, X, y)
        notes = tuple(
            "the solver stopped before it converged; raise max_iter or scale the columns"
            for _ in {w.category for w in caught if issubclass(w.category, ConvergenceWarning)}
        )
        threshold, kpis, conformal = self._select(estimator, *curated.part(SELECT))
        progress(1.0, "fitted")
        return FittedModel(estimator, chosen, seed, threshold, kpis, tried, notes, conformal)

    def _fit(
        self, hyperparameters: Mapping[str, HyperValue], seed: int, X: Any, y: np.ndarray
    ) -> Any:
        try:
            return make_estimator(self._algorithm, hyperparameters, seed).fit(X, y)
        except Exception as error:
            raise _error(self._use_case, self._algorithm, error) from error

    def _select(
        self, estimator: Any, X: np.ndarray, y: np.ndarray
    ) -> tuple[float | None, dict[str, float | None], ConformalTable | None]:
        task = self._use_case.target.task
        try:
            is_class = self._use_case.target.is_classification
            answers = estimator.predict_proba(X) if is_class else estimator.predict(X)
        except Exception as error:
            raise _error(self._use_case, self._algorithm, error) from error
        conformal = fit_conformal(task, y, answers)
        match task:
            case "binary":
                p, costs = answers[:, 1], self._use_case.costs
                threshold = best_threshold(y, p, costs)
                return threshold, binary_kpis(y, p, threshold, costs), conformal
            case "multiclass":
                return None, multiclass_kpis(y, answers), conformal
            case "regression":
                return None, regression_kpis(y, answers), conformal

    def _search(
        self,
        search: Search,
        start: Mapping[str, HyperValue],
        prepared: pd.DataFrame,
        seed: int,
        folds: Folds,
        progress: Progress,
    ) -> tuple[dict[str, Any], ...]:
        self._check_folds(search, prepared)
        tries = candidates(search, self._algorithm.hyperparameters, start, seed)
        total = len(tries) * search.folds
        scores: list[float] = []
        with folds() as score:
            if score is None:
                validation = CrossValidation(
                    self._use_case, self._algorithm, search, seed, prepared
                )
                score = validation.score
            # joblib, so that a backend chosen outside (Dask) takes the folds elsewhere.
            jobs = (delayed(score)(tried, fold) for tried in tries for fold in range(search.folds))
            with closing(Parallel(return_as="generator")(jobs)) as found:
                for done, value in enumerate(found, 1):
                    scores.append(value)
                    progress(done / (total + 1), f"search: fold {done} of {total}")
        by_try = [scores[at : at + search.folds] for at in range(0, total, search.folds)]
        results = [
            {"hyperparameters": tried, "mean": float(np.mean(got)), "deviation": float(np.std(got))}
            for tried, got in zip(tries, by_try, strict=True)
        ]
        return tuple(sorted(results, key=lambda result: -float(result["mean"])))

    def _check_folds(self, search: Search, prepared: pd.DataFrame) -> None:
        target = self._use_case.target
        if target.is_classification:
            y = encode_truth(target, _train(prepared)[target.name])
            if min(np.bincount(y, minlength=2)) < search.folds:
                raise InvalidInput(
                    f"search.folds is {search.folds}, but a class has fewer rows than that in train"
                )


class CrossValidation:
    """Scores hyperparameters on the folds of ``train``, each with one thread.

    Parameters
    ----------
    use_case : UseCase
        Declares the target.
    algorithm : Algorithm
        Its curation is fitted anew on each fold.
    search : Search
        Says how many folds, and what a better model is.
    seed : int
        Of the folds and of the estimators.
    prepared : DataFrame
        The prepared rows, ``train`` at least.
    """

    def __init__(
        self,
        use_case: UseCase,
        algorithm: Algorithm,
        search: Search,
        seed: int,
        prepared: pd.DataFrame,
    ) -> None:
        self._use_case, self._algorithm, self._seed = use_case, algorithm, seed
        target, train = use_case.target, _train(prepared)
        self._X, self._y = features(use_case, train), encode_truth(target, train[target.name])
        folding = StratifiedKFold if target.is_classification else KFold
        splits = folding(search.folds, shuffle=True, random_state=seed).split(self._X, self._y)
        self._folds = list(splits)
        self._scorer = get_scorer(search.scorer(target.task))

    def score(self, hyperparameters: Mapping[str, HyperValue], fold: int) -> float:
        """Return the score of a model that learns without a fold and is asked about it.

        Raises
        ------
        UseCaseError
            If the curation or the estimator raises.
        """
        X, y = self._X, self._y
        learn, check = self._folds[fold]
        try:
            model = make_estimator(self._algorithm, hyperparameters, self._seed)
            pipeline = Pipeline([("curate", self._algorithm.curate()), ("model", model)])
            with one_thread():
                pipeline.fit(X.iloc[learn], y[learn])
                return float(self._scorer(pipeline, X.iloc[check], y[check]))
        except Exception as error:
            raise _error(self._use_case, self._algorithm, error) from error


def make_estimator(
    algorithm: Algorithm, hyperparameters: Mapping[str, HyperValue], seed: int
) -> Any:
    """Return an estimator whose every random state is the seed."""
    estimator = algorithm.estimator(**hyperparameters)
    # As scikit-learn's own meta-estimators do: every random_state, nested ones included.
    names = [name for name in estimator.get_params(deep=True) if _is_seed(name)]
    return estimator.set_params(**dict.fromkeys(names, seed))


def _train(prepared: pd.DataFrame) -> pd.DataFrame:
    return prepared[prepared[SPLIT_COLUMN] == TRAIN]


def _error(use_case: UseCase, algorithm: Algorithm, error: Exception) -> UseCaseError:
    return UseCaseError(use_case.name, f"train {algorithm.name}", describe_failure(error))


def _is_seed(name: str) -> bool:
    return name == "random_state" or name.endswith("__random_state")
