"""`check_use_case` finds what would go wrong later, and says what to fix."""

import itertools
from dataclasses import replace

import numpy as np
import pyarrow.csv
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from crispml_core import Algorithm, CsvSource, Segment
from crispml_core.domain.errors import CrispMLError, InvalidInput, UseCaseError
from crispml_core.testing import check_use_case

pytestmark = pytest.mark.slow


@pytest.fixture
def case(toy, toy_rows, tmp_path):
    """The toy use case with a source of its own."""
    path = tmp_path / "toy.csv"
    pyarrow.csv.write_csv(toy_rows(300), path)
    return replace(toy, source=CsvSource(str(path)))


def with_algorithm(case, **changes):
    facts = {"name": "linear", "curate": case.algorithms[0].curate, "estimator": LogisticRegression}
    return replace(case, algorithms=(Algorithm(**facts | changes),))


def with_function(case, function):
    return replace(case, prepare=function, segments=())


def price(rows):
    return rows["amount"] / rows["items"]


def test_a_good_use_case_passes_and_says_what_was_checked(case):
    passed = check_use_case(case)
    assert passed == [
        "source: 300 rows keep the record schema",
        "prepare: one record, a few and all give the same",
        "linear: curates, learns, answers and can be persisted",
        "segment channel: can be read",
        "segment size: can be read",
    ]


def test_a_function_that_treats_each_row_on_its_own_passes(case):
    assert check_use_case(with_function(case, lambda rows: rows.assign(price=price(rows))))


def test_a_regression_passes(toy_regression, toy_days_rows, tmp_path):
    path = tmp_path / "days.csv"
    pyarrow.csv.write_csv(toy_days_rows(300), path)
    assert check_use_case(replace(toy_regression, source=CsvSource(str(path))))


def test_a_use_case_that_was_not_loaded_is_refused(case):
    with pytest.raises(InvalidInput, match="load_use_case"):
        check_use_case(replace(case, digest=""))


def test_a_source_that_breaks_the_record_schema_is_told(case, tmp_path):
    path = tmp_path / "toy.csv"
    path.write_text(path.read_text().replace("web", "canary"))
    with pytest.raises(InvalidInput, match="field channel must be one of") as caught:
        check_use_case(case)
    assert "canary" not in caught.value.message


draws = np.random.default_rng(0)
counter = itertools.count()


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda rows: rows.assign(price=draws.random(len(rows))), "something else the second time"),
        (lambda rows: rows.assign(price=float(next(counter))), "something else the second time"),
        (lambda rows: rows.assign(price=rows["amount"].mean()), "depends on which rows"),
        (lambda rows: rows.assign(price=rows["amount"].rank()), "depends on which rows"),
        (lambda rows: rows.assign(price=rows["amount"].shift(1)), "depends on which rows"),
        (
            lambda rows: rows.assign(price=price(rows) if len(rows) > 1 else 0.0),
            "price of a record alone differs from its batch",
        ),
        (lambda rows: rows.assign(price=rows["absent"]), r"KeyError at line \d+ of test_use_case"),
        (lambda rows: rows.iloc[1:], "returns 299 rows for 300"),
    ],
)
def test_a_preparation_that_cannot_be_repeated_is_found(case, function, says):
    with pytest.raises(UseCaseError, match=says) as caught:
        check_use_case(with_function(case, function))
    assert caught.value.step == "prepare"


class Nameless(BaseEstimator, TransformerMixin):
    """Gives two columns and no names for them."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X[["amount", "items"]].to_numpy(dtype=float)


class Restless(Nameless):
    """Changes its parameter in __init__, so that it cannot be cloned."""

    def __init__(self, columns=("amount", "items")):
        self.columns = list(columns)


def raising():
    raise RuntimeError("canary")


def sparse():
    encoder = OneHotEncoder(handle_unknown="ignore")
    return ColumnTransformer([("texts", encoder, ["channel"])], sparse_threshold=1)


def passing_text():
    return ColumnTransformer([("texts", "passthrough", ["channel"])])


def by_lambda():
    numbers = FunctionTransformer(lambda X: X * 2.0, feature_names_out="one-to-one")
    return ColumnTransformer([("numbers", numbers, ["amount", "items"])])


def of_an_absent_column():
    return ColumnTransformer([("numbers", StandardScaler(), ["absent"])])


@pytest.mark.parametrize(
    ("curate", "says"),
    [
        (raising, r"curate of linear: RuntimeError at line \d+ of test_use_case"),
        (object, "curate of linear: TypeError"),
        (Restless, "curate of linear: RuntimeError"),
        (Nameless, "curate of linear: AttributeError"),
        (sparse, "set sparse_output=False"),
        (passing_text, "encode the text columns"),
        (of_an_absent_column, "curate of linear: ValueError"),
        (by_lambda, "lambda"),
    ],
)
def test_a_curation_that_cannot_serve_is_found(case, curate, says):
    with pytest.raises(CrispMLError, match=says) as caught:
        check_use_case(with_algorithm(case, curate=curate))
    assert "canary" not in caught.value.message


class Moody(LogisticRegression):
    """Answers one record otherwise than many."""

    def predict_proba(self, X):
        found = super().predict_proba(X)
        return found[:, ::-1] if len(X) == 1 else found


class Unfit(LogisticRegression):
    """Fails to learn."""

    def fit(self, X, y):
        raise ValueError("canary")


@pytest.mark.parametrize(
    ("estimator", "says"),
    [
        (Unfit, r"train linear: ValueError at line \d+ of test_use_case"),
        (lambda **given: LogisticRegression(C=-1.0), "train linear: InvalidParameterError"),
        (lambda **given: object(), "train linear: AttributeError"),
        (LinearSVC, "train linear: AttributeError"),
    ],
)
def test_an_estimator_that_cannot_serve_is_found(case, estimator, says):
    with pytest.raises(CrispMLError, match=says) as caught:
        check_use_case(with_algorithm(case, estimator=estimator))
    assert "canary" not in caught.value.message


def test_a_model_that_answers_one_record_otherwise_is_found(case):
    module = replace(case, module=Moody.__module__)
    with pytest.raises(UseCaseError, match="answers differently on a record alone"):
        check_use_case(with_algorithm(module, estimator=Moody))


def test_a_segment_of_an_absent_field_is_found(case):
    function = replace(case, prepare=lambda rows: rows.assign(price=price(rows)))
    with pytest.raises(UseCaseError, match="segment region: the preparation gives no field"):
        check_use_case(replace(function, segments=(Segment("region"),)))
