"""Reasons of compiled models add up to what scikit-learn says, on the scale of the link."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.pipeline import make_pipeline

from crispml_core.adapters.compilers.compiler import SklearnModelCompiler
from crispml_core.domain.compiled import OnnxCore, Plan
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.targets import Target
from crispml_core.methods.data_curation import DataCuration
from crispml_core.methods.model_training import ModelTraining
from crispml_core.serving.explain.explainer import Explainer
from crispml_core.serving.pipeline_scorer import pipeline_of
from crispml_core.tables.features import features

FIELDS = ["amount", "channel", "items", "price"]
FEW = {"max_iter": 30, "min_samples_leaf": 5}
FOREST = {"n_estimators": 20, "random_state": 0}


@pytest.fixture
def learn(toy, toy_rows, prepared):
    """Fit an estimator of the toy; gives the use case, records, features and pipeline."""

    def run(task, estimator):
        target = {
            "binary": toy.target,
            "multiclass": Target("size", "multiclass", ("small", "middle", "large")),
            "regression": Target("days", "regression"),
        }[task]
        algorithm = replace(toy.algorithms[0], estimator=lambda: estimator, hyperparameters=())
        table = toy_rows(300)
        frame = prepared(toy, table)
        transformer, curated = DataCuration(toy, algorithm).run(frame)
        noise = np.random.default_rng(0).normal(1, 0.2, len(frame))
        size = frame["amount"].to_numpy() * noise + frame["items"].to_numpy() * 20
        if task == "multiclass":
            curated = replace(curated, y=np.digitize(size, [400, 700]))
        if task == "regression":
            curated = replace(curated, y=np.abs(size) + 1)
        use_case = replace(toy, target=target, segments=(), cost_matrix=None, gates=())
        fitted = ModelTraining(use_case, algorithm).run(curated)
        pipeline = pipeline_of(transformer, fitted.estimator)
        rows = [tuple(row[n] for n in toy.schema.names) for row in table.to_pylist()]
        return use_case, rows, features(toy, frame), pipeline

    return run


def explainer(use_case, pipeline, X):
    plan = SklearnModelCompiler().compile(use_case, pipeline, X)
    return Explainer(use_case, plan, "v1")


def link(pipeline, X, task, scale):
    """What scikit-learn says on the scale of the reasons."""
    if task == "regression":
        return np.log(pipeline.predict(X)) if scale == "log" else pipeline.predict(X)
    if scale == "probability":
        P = pipeline.predict_proba(X)
        return P[:, 1] if task == "binary" else P.max(axis=1)
    raw = pipeline.decision_function(X)
    return raw if task == "binary" else raw.max(axis=1)


@pytest.mark.parametrize(
    ("task", "estimator", "scale"),
    [
        ("binary", LogisticRegression(), "log-odds"),
        ("binary", HistGradientBoostingClassifier(**FEW), "log-odds"),
        ("binary", RandomForestClassifier(**FOREST), "probability"),
        ("multiclass", LogisticRegression(max_iter=500), "log-odds"),
        ("multiclass", SGDClassifier(loss="log_loss", random_state=0), "log-odds"),
        ("multiclass", HistGradientBoostingClassifier(**FEW), "log-odds"),
        ("multiclass", RandomForestClassifier(**FOREST), "probability"),
        ("regression", Ridge(), "number"),
        ("regression", HistGradientBoostingRegressor(**FEW), "number"),
        ("regression", HistGradientBoostingRegressor(loss="poisson", **FEW), "log"),
        ("regression", RandomForestRegressor(**FOREST), "number"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_base_and_reasons_sum_to_what_scikit_learn_says(learn, task, estimator, scale):
    use_case, rows, X, pipeline = learn(task, estimator)
    found = explainer(use_case, pipeline, X).explain_rows(rows[:25])
    expected = link(pipeline, X.head(25), task, scale)
    sums = [one["base"] + sum(r["contribution"] for r in one["reasons"]) for one in found]
    assert sums == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert [one["score"] for one in found] == pytest.approx(sums, rel=1e-12, abs=1e-12)
    assert {one["scale"] for one in found} == {scale}
    json.dumps(found)


def test_every_prepared_field_has_one_reason_the_largest_first(learn):
    use_case, rows, X, pipeline = learn("binary", LogisticRegression())
    (one,) = explainer(use_case, pipeline, X).explain_rows(rows[:1])
    assert sorted(reason["field"] for reason in one["reasons"]) == FIELDS
    sizes = [abs(reason["contribution"]) for reason in one["reasons"]]
    assert sizes == sorted(sizes, reverse=True)
    assert one["class"] == "yes"


def test_a_missing_value_has_a_reason_too(toy, toy_rows, prepared):
    amount = replace(toy.schema["amount"], nullable=True)
    fields = tuple(amount if field.name == "amount" else field for field in toy.fields)
    use_case = replace(toy, fields=fields, segments=())
    table = toy_rows(300).to_pandas()
    table.loc[::3, "amount"] = None
    table = pa.Table.from_pandas(table, schema=toy_rows(1).schema, preserve_index=False)
    algorithm = replace(
        toy.algorithms[0],
        curate=lambda: ColumnTransformer([("numbers", "passthrough", ["amount", "items"])]),
        estimator=lambda: HistGradientBoostingClassifier(**FEW),
        hyperparameters=(),
    )
    frame = prepared(use_case, table)
    transformer, curated = DataCuration(use_case, algorithm).run(frame)
    fitted = ModelTraining(use_case, algorithm).run(curated)
    pipeline = pipeline_of(transformer, fitted.estimator)
    rows = [tuple(row[n] for n in use_case.schema.names) for row in table.to_pylist()]
    X = features(use_case, frame)
    found = explainer(use_case, pipeline, X).explain_rows(rows[:30])
    expected = pipeline.decision_function(X.head(30))
    assert [one["score"] for one in found] == pytest.approx(expected)
    assert rows[0][1] is None
    assert abs({r["field"]: r["contribution"] for r in found[0]["reasons"]}["amount"]) > 0


def test_a_linear_reason_is_the_weight_times_the_distance_from_the_training_mean(learn):
    use_case, rows, X, pipeline = learn("binary", LogisticRegression())
    found = explainer(use_case, pipeline, X).explain_rows(rows)
    weight = pipeline[-1].coef_[0][0]
    curated = pipeline[0].transform(X)[:, 0]
    amounts = np.array(
        [r["contribution"] for one in found for r in one["reasons"] if r["field"] == "amount"]
    )
    assert amounts == pytest.approx(weight * (curated - curated.mean()))
    channels = [{r["field"]: r["contribution"] for r in one["reasons"]}["channel"] for one in found]
    assert len(set(np.round(channels, 9))) == 3


def test_several_classes_are_explained_by_the_decided_one(learn):
    use_case, rows, X, pipeline = learn("multiclass", RandomForestClassifier(**FOREST))
    found = explainer(use_case, pipeline, X).explain_rows(rows[:40])
    decided = pipeline.predict_proba(X.head(40)).argmax(axis=1)
    assert [one["class"] for one in found] == [use_case.target.classes[c] for c in decided]
    assert len(set(decided)) > 1


def test_a_linear_model_behind_a_selection_has_the_means_of_what_it_weights(learn):
    def most_spread(X, y):
        return X.std(axis=0)

    estimator = make_pipeline(SelectKBest(most_spread, k=3), LogisticRegression())
    use_case, rows, X, pipeline = learn("binary", estimator)
    found = explainer(use_case, pipeline, X).explain_rows(rows[:10])
    sums = [one["base"] + sum(r["contribution"] for r in one["reasons"]) for one in found]
    assert sums == pytest.approx(pipeline.decision_function(X.head(10)))
    assert sorted(r["field"] for r in found[0]["reasons"]) == ["amount", "items", "price"]


def test_what_has_no_additive_reasons_is_refused(toy):
    onnx = Plan(columns=(), outputs=2, onnx=OnnxCore(graph=b"", output="p", dtype="float64"))
    for plan in (None, onnx):
        with pytest.raises(InvalidInput, match="explain: version v7 is of a kind that has no"):
            Explainer(toy, plan, "v7").explain_rows([])


def test_a_process_that_explains_nothing_needs_no_numpy():
    program = (
        "import sys, crispml_core.serving.explain.explainer; "
        "sys.exit(bool({'numpy', 'sklearn', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
