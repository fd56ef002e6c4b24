"""ModelTraining learns from train, chooses on select, and never looks at test."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_info

from crispml_core.domain.errors import InvalidInput, UseCaseError
from crispml_core.domain.search import Search
from crispml_core.methods.data_curation import DataCuration
from crispml_core.methods.model_training import CrossValidation, ModelTraining


@pytest.fixture
def curated(toy, toy_rows, prepared):
    frame = prepared(toy, toy_rows(500))
    return frame, DataCuration(toy, toy.algorithms[0]).run(frame)[1]


def test_a_model_has_its_threshold_and_its_kpis_on_select(toy, curated):
    fitted = ModelTraining(toy, toy.algorithms[0]).run(curated[1], hyperparameters={"C": 0.5})
    assert fitted.hyperparameters == {"C": 0.5, "max_iter": 500}
    assert 0 < fitted.threshold < 1
    assert fitted.kpis["auc"] > 0.65
    assert fitted.kpis["threshold"] == fitted.threshold


def test_what_lies_in_test_changes_nothing(toy, curated):
    data = curated[1]
    test = data.split == "test"
    other = replace(data, X=np.where(test[:, None], 99.0, data.X), y=np.where(test, 0, data.y))
    one = ModelTraining(toy, toy.algorithms[0]).run(data)
    two = ModelTraining(toy, toy.algorithms[0]).run(other)
    assert (one.estimator.coef_ == two.estimator.coef_).all()
    assert (one.threshold, one.kpis) == (two.threshold, two.kpis)
    assert one.conformal == two.conformal


@pytest.mark.parametrize("kind", ["grid", "random"])
def test_a_search_reports_each_fold_and_takes_the_best(toy, curated, kind):
    told = []
    fitted = ModelTraining(toy, toy.algorithms[0]).run(
        curated[1],
        search=Search(kind, folds=3, iterations=4),
        prepared=curated[0],
        seed=7,
        progress=lambda fraction, message="": told.append((fraction, message)),
    )
    means = [tried["mean"] for tried in fitted.search]
    assert means == sorted(means, reverse=True)
    assert fitted.hyperparameters == fitted.search[0]["hyperparameters"]
    folds = [message for _, message in told if message.startswith("search")]
    assert folds[-1] == f"search: fold {len(folds)} of {len(folds)}"
    assert len(folds) == 3 * len(fitted.search)
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)


def test_each_fold_of_a_search_gets_a_curation_of_its_own(toy, curated):
    fitted_on = []

    class Spy(TransformerMixin, BaseEstimator):
        def fit(self, X, y=None):
            fitted_on.append(len(X))
            self.inner_ = toy.algorithms[0].curate().fit(X)
            return self

        def transform(self, X):
            return self.inner_.transform(X)

    spy = replace(toy.algorithms[0], curate=Spy)
    ModelTraining(toy, spy).run(curated[1], search=Search(folds=4), prepared=curated[0])
    train = int((curated[0]["crispml_split"] == "train").sum())
    assert fitted_on
    assert all(0.7 * train < rows < 0.8 * train for rows in fitted_on)


def test_the_same_seed_gives_the_same_model_bit_for_bit(toy, curated):
    from sklearn.ensemble import RandomForestClassifier

    forest = replace(
        toy.algorithms[0],
        estimator=lambda: RandomForestClassifier(n_estimators=10),
        hyperparameters=(),
    )
    run = ModelTraining(toy, forest).run
    X = curated[1].X
    one, two = (run(curated[1], seed=3).estimator.predict_proba(X) for _ in range(2))
    other = run(curated[1], seed=4).estimator.predict_proba(X)
    assert (one == two).all()
    assert (one != other).any()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"c": 1.0}, "did you mean 'C'"),
        ({"C": 1e9}, "C must be between 0.001 and 1000"),
        ({"C": "a lot"}, "C must be a number"),
        ({"C": float("nan")}, "C must be between"),
        ({"max_iter": 2.5}, "max_iter must be a whole number"),
        ({"C": True}, "C must be a number"),
    ],
)
def test_a_wrong_hyperparameter_is_refused_by_name(toy, curated, given, says):
    with pytest.raises(InvalidInput, match=says):
        ModelTraining(toy, toy.algorithms[0]).run(curated[1], hyperparameters=given)


def test_a_search_with_more_folds_than_rows_of_a_class_says_so(toy, curated):
    frame = curated[0]
    train = frame["crispml_split"] == "train"
    rare = frame[~train | (frame["returned"] == "no") | (frame.index % 97 == 0)]
    with pytest.raises(InvalidInput, match=r"search\.folds is 20"):
        ModelTraining(toy, toy.algorithms[0]).run(
            curated[1], search=Search(folds=20), prepared=rare
        )


def test_an_estimator_that_raises_is_the_use_cases_fault(toy, curated):
    def explode(**given):
        raise RuntimeError("no 'secret value' today")

    broken = replace(toy.algorithms[0], estimator=explode)
    with pytest.raises(UseCaseError, match="train linear") as caught:
        ModelTraining(toy, broken).run(curated[1])
    assert "secret value" not in str(caught.value)


def test_a_solver_that_stops_early_leaves_a_note(toy, curated):
    fitted = ModelTraining(toy, toy.algorithms[0]).run(curated[1], hyperparameters={"max_iter": 1})
    assert any("converged" in note for note in fitted.notes)


def test_a_regression_has_no_threshold(toy_regression, toy_days_rows, prepared):
    frame = prepared(toy_regression, toy_days_rows(300))
    algorithm = toy_regression.algorithms[0]
    _, curated = DataCuration(toy_regression, algorithm).run(frame)
    fitted = ModelTraining(toy_regression, algorithm).run(curated)
    assert fitted.threshold is None
    assert fitted.kpis["r2"] > 0.5


def test_label_sets_are_calibrated_on_select_and_on_nothing_else(toy, curated):
    data = curated[1]
    fitted = ModelTraining(toy, toy.algorithms[0]).run(data)
    X, y = data.part("select")
    scores = np.sort(1 - fitted.estimator.predict_proba(X)[np.arange(len(y)), y])
    assert fitted.conformal.n == len(y)
    rank = int(np.ceil((len(y) + 1) * 0.9))
    assert fitted.conformal.at(0.9).bound == scores[rank - 1]


def test_intervals_of_a_regression_are_calibrated_on_its_residuals(
    toy_regression, toy_days_rows, prepared
):
    frame = prepared(toy_regression, toy_days_rows(300))
    algorithm = toy_regression.algorithms[0]
    _, curated = DataCuration(toy_regression, algorithm).run(frame)
    fitted = ModelTraining(toy_regression, algorithm).run(curated)
    X, y = curated.part("select")
    residuals = np.abs(y - fitted.estimator.predict(X))
    low, high = fitted.conformal.at(0.8).interval(10.0)
    assert 10.0 - low == pytest.approx(high - 10.0)
    assert np.mean(residuals <= high - 10.0) >= 0.8


def test_a_fold_has_one_thread_whatever_its_estimator_asks_for(toy, curated):
    """So its score is the same on a machine with other cores."""
    threads, jobs = [], []

    class Spy(LogisticRegression):
        def fit(self, X, y):
            threads.extend(pool["num_threads"] for pool in threadpool_info())
            jobs.append(effective_n_jobs(4))
            return super().fit(X, y)

    spied = replace(toy.algorithms[0], estimator=lambda **given: Spy())
    validation = CrossValidation(toy, spied, Search(folds=3), 0, curated[0])
    score = validation.score({}, 1)
    assert set(threads) == {1}
    assert jobs == [1]
    assert score == CrossValidation(toy, spied, Search(folds=3), 0, curated[0]).score({}, 1)


def test_folds_may_be_scored_elsewhere(toy, curated):
    asked = []

    @contextmanager
    def elsewhere():
        yield lambda tried, fold: asked.append(fold) or float(tried["C"])

    fitted = ModelTraining(toy, toy.algorithms[0]).run(
        curated[1], search=Search(folds=3), prepared=curated[0], folds=elsewhere
    )
    means = [tried["mean"] for tried in fitted.search]
    assert means == pytest.approx([tried["hyperparameters"]["C"] for tried in fitted.search])
    assert asked == [0, 1, 2] * len(means)
