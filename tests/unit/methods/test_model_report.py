import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import numpy as np
import pandas as pd
import pytest

from crispml_core.domain.algorithms import Algorithm
from crispml_core.domain.errors import InvalidInput, UseCaseError
from crispml_core.domain.fields import Field
from crispml_core.domain.targets import CostMatrix, Gate, Segment, Target
from crispml_core.domain.use_case import UseCase
from crispml_core.methods.model_report import ModelReport, ReportInput
from crispml_core.monitoring.conformal import fit_conformal
from crispml_core.monitoring.ranking import auc

pytestmark = pytest.mark.slow


def use_case(target, **more):
    return UseCase(
        name="loans",
        target=target,
        record_key="id",
        fields=(Field("id", "string"), Field("age", "integer"), Field("income", "number")),
        source=None,
        algorithms=(Algorithm(name="rule", curate=object, estimator=object),),
        segments=(Segment("age", bins=(30, 53, 60)),),
        **more,
    )


BINARY = use_case(
    Target("risk", "binary", ("good", "bad"), "bad"),
    cost_matrix=CostMatrix(false_positive=1.0, false_negative=5.0),
    gates=(Gate("auc", minimum=0.6), Gate("brier", maximum=0.0001)),
)
MULTICLASS = use_case(Target("grade", "multiclass", ("a", "b", "c")))
REGRESSION = use_case(Target("loss", "regression"), gates=(Gate("mae", maximum=100.0),))


def people(n=240):
    rng = np.random.default_rng(0)
    return pd.DataFrame({"age": rng.integers(18, 62, n), "income": rng.normal(size=n)})


def binary_model(X):
    p = 1 / (1 + np.exp(X["income"].to_numpy()))
    return np.column_stack([1 - p, p])


def multiclass_model(X):
    raw = np.exp(np.outer(X["income"], [-1.0, 0.0, 1.0]))
    return raw / raw.sum(axis=1, keepdims=True)


def number_model(X):
    return 10 * X["income"].to_numpy()


def report_input(case, **changes):
    X, rng = people(), np.random.default_rng(1)
    segments = {"age": np.array([case.segments[0].group_of(age) for age in X["age"]], object)}
    given = ReportInput(
        algorithm="rule",
        hyperparameters={"depth": 3},
        seed=7,
        classes=case.target.classes,
        threshold=None,
        select_kpis={"auc": 0.7},
        y=(rng.random(len(X)) < binary_model(X)[:, 1]).astype(int),
        probabilities=binary_model(X),
        numbers=None,
        segments=segments,
        predict=binary_model,
        X=X,
        rows={"train": 600, "select": 240, "test": 240},
        lineage={"raw": "r1", "prepared": "p1"},
        created_at=datetime(2025, 3, 1, tzinfo=UTC),
    )
    match case.target.task:
        case "binary":
            given = replace(given, threshold=0.4)
        case "multiclass":
            y = np.array([rng.choice(3, p=row) for row in multiclass_model(X)])
            given = replace(given, y=y, probabilities=multiclass_model(X), predict=multiclass_model)
        case "regression":
            y = number_model(X) + rng.normal(size=len(X))
            given = replace(
                given, y=y, probabilities=None, numbers=number_model(X), predict=number_model
            )
    return replace(given, **changes)


CASES = {"binary": BINARY, "multiclass": MULTICLASS, "regression": REGRESSION}


@cache
def evaluated(task):
    return ModelReport(CASES[task]).run(report_input(CASES[task]))


ALL = pytest.mark.parametrize("task", CASES)


@ALL
def test_the_content_is_json_without_nan_and_names_what_it_is(task):
    content = evaluated(task).content
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert (content["kind"], content["schema_version"]) == ("evaluation", 1)
    assert (content["use_case"], content["algorithm"], content["seed"]) == ("loans", "rule", 7)
    assert content["created_at"] == "2025-03-01T00:00:00Z"
    assert content["lineage"] == {"raw": "r1", "prepared": "p1"}


@ALL
def test_the_same_input_gives_the_same_bytes(task):
    again = ModelReport(CASES[task]).run(report_input(CASES[task]))
    assert again == evaluated(task)


def test_kpis_are_those_of_the_test_rows_at_the_given_threshold():
    given = report_input(BINARY)
    evaluation = evaluated("binary")
    p = given.probabilities[:, 1]
    decided = p >= 0.4
    assert evaluation.kpis["auc"] == auc(given.y, p)
    assert evaluation.kpis["accuracy"] == np.mean(decided == given.y)
    assert evaluation.content["select_kpis"] == {"auc": 0.7}
    (tn, fp), (fn, tp) = evaluation.content["confusion"]["matrix"]
    assert tn + fp + fn + tp == len(given.y)
    assert evaluation.content["confusion"]["total_cost"] == fp + 5 * fn
    assert evaluation.kpis["expected_cost"] == pytest.approx((fp + 5 * fn) / len(given.y))


def test_gates_are_held_against_the_test_kpis():
    gates = evaluated("binary").content["gates"]
    assert [(gate["kpi"], gate["passed"]) for gate in gates] == [("auc", True), ("brier", False)]


@ALL
def test_segments_are_told_apart_and_small_ones_are_not_shown(task):
    given = report_input(CASES[task])
    groups = evaluated(task).content["segments"]["age"]["groups"]
    assert [group["group"] for group in groups] == ["< 30", "30 - 53", "53 - 60", ">= 60"]
    first = groups[0]
    assert first["n"] == int((given.segments["age"] == "< 30").sum())
    assert set(first["kpis"]) == set(evaluated(task).content["kpis"])
    assert groups[-2:] == [
        {"group": "53 - 60", "n": "withheld", "suppressed": True},
        {"group": ">= 60", "n": "<30", "suppressed": True},
    ]


@ALL
def test_the_column_that_the_model_uses_is_the_important_one(task):
    columns = evaluated(task).content["importance"]["columns"]
    assert [row["column"] for row in columns] == ["income", "age"]
    assert columns[0]["mean"] > 0 == columns[1]["mean"]


@ALL
def test_the_coverage_of_sets_and_intervals_is_measured_on_test(task):
    given = report_input(CASES[task])
    answers = given.numbers if task == "regression" else given.probabilities
    table = fit_conformal(task, given.y[:120], answers[:120])
    found = ModelReport(CASES[task]).run(replace(given, conformal=table)).content["conformal"]
    assert (found["n"], found["rows"], found["inside"], found["note"]) == (120, 240, True, "")
    shares = [part["coverage"] for part in found["levels"]]
    assert shares == sorted(shares)
    assert shares[0] > 0.7
    assert evaluated(task).content["conformal"] is None


def test_a_regression_shows_its_errors():
    content = evaluated("regression").content
    assert sum(content["residuals"]["counts"]["prediction minus truth"]) == 240
    assert len(content["scatter"]["predicted"]) == 240
    assert len(content["deciles"]) == 10
    assert content["gates"][0]["passed"]


def test_several_classes_each_get_their_row_and_curve():
    content = evaluated("multiclass").content
    assert [row["class"] for row in content["classes"]] == ["a", "b", "c"]
    assert set(content["curves"]["roc"]) == {"a", "b", "c"}
    assert np.sum(content["confusion"]["matrix"]) == 240


def test_a_test_split_of_one_class_is_reported_with_nulls():
    given = report_input(BINARY, y=np.zeros(240, dtype=int))
    evaluation = ModelReport(BINARY).run(given)
    assert evaluation.kpis["auc"] is None
    assert not evaluation.content["gates"][0]["passed"]
    assert evaluation.content["curves"]["roc"] == {}


def test_an_empty_test_split_is_refused_with_what_to_do():
    empty = report_input(BINARY, y=np.empty(0), probabilities=np.empty((0, 2)))
    with pytest.raises(InvalidInput, match="test split has no rows"):
        ModelReport(BINARY).run(empty)


@ALL
def test_predictions_that_are_no_numbers_are_refused_by_the_name_of_the_algorithm(task):
    given = report_input(CASES[task])
    broken = (
        {"numbers": np.full(240, np.nan)}
        if given.probabilities is None
        else {"probabilities": np.full_like(given.probabilities, np.nan)}
    )
    with pytest.raises(UseCaseError, match="rule gave predictions that are not finite"):
        ModelReport(CASES[task]).run(replace(given, **broken))
