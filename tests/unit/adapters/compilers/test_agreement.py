"""A compiled model says what scikit-learn says, on any valid record."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import (
    ElasticNet,
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    SGDClassifier,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeRegressor

from crispml_core.serving.compiled.unfolding import nodes_of

# Many kinds of models. What takes time is to ask scikit-learn, whatever the number of records: so
# there are fewer examples than elsewhere, and each is a whole set of records.
EXAMPLES = settings(max_examples=settings.default.max_examples // 2)
SETS = {"min_size": 8, "max_size": 20}


def searched():
    return LogisticRegressionCV(Cs=2, cv=2, l1_ratios=(0,), use_legacy_attributes=False)


def stochastic():
    return SGDClassifier(loss="log_loss", random_state=0)


def network():
    return MLPClassifier((5,), max_iter=20, random_state=0)


def boosted(**options):
    return lambda: HistGradientBoostingClassifier(max_iter=15, early_stopping=False, **options)


def boosted_numbers(**options):
    return lambda: HistGradientBoostingRegressor(max_iter=15, early_stopping=False, **options)


def forest(kind, depth=None):
    return lambda: kind(20, max_depth=depth, random_state=0)


CATEGORIES = {"categorical_features": [0, 1, 2, 3]}
MEDIAN = {"loss": "absolute_error", **CATEGORIES}
LARGE = {"max_leaf_nodes": 200, "min_samples_leaf": 2, **CATEGORIES}
MODELS = {
    # name: task, curation, estimator, kind of the plan, whether its trees are deep
    "logistic": ("binary", "scaled", LogisticRegression, "linear", False),
    "logistic, varied": ("binary", "varied", LogisticRegression, "linear", False),
    "logistic, searched": ("binary", "scaled", searched, "linear", False),
    "multinomial": ("multiclass", "scaled", LogisticRegression, "linear", False),
    "one against the rest": ("multiclass", "scaled", stochastic, "linear", False),
    "ridge": ("regression", "scaled", Ridge, "linear", False),
    "elastic net, varied": ("regression", "varied", ElasticNet, "linear", False),
    "boosting": ("binary", "ordinal", boosted(**CATEGORIES), "trees", False),
    "boosting, varied": ("binary", "varied", boosted(max_leaf_nodes=60), "trees", False),
    "boosting, multiclass": ("multiclass", "ordinal", boosted(**CATEGORIES), "trees", False),
    "boosting, numbers": ("regression", "ordinal", boosted_numbers(), "trees", False),
    "boosting, median": ("regression", "ordinal", boosted_numbers(**MEDIAN), "trees", False),
    "boosting, large": ("binary", "ordinal", boosted(**LARGE), "trees", True),
    "boosting, large, classes": ("multiclass", "ordinal", boosted(**LARGE), "trees", True),
    "forest": ("binary", "scaled", forest(RandomForestClassifier), "trees", True),
    "forest, classes": ("multiclass", "ordinal", forest(RandomForestClassifier), "trees", True),
    "forest, small": ("multiclass", "ordinal", forest(RandomForestClassifier, 4), "trees", False),
    "forest, numbers": ("regression", "ordinal", forest(RandomForestRegressor), "trees", True),
    "extra trees": ("binary", "scaled", forest(ExtraTreesClassifier), "trees", True),
    "one tree": ("regression", "scaled", DecisionTreeRegressor, "trees", True),
    "neural net": ("binary", "scaled", network, "onnx", False),
    "bayes": ("multiclass", "scaled", GaussianNB, "onnx", False),
}


def edges(thresholds):
    """Return numbers on and beside thresholds, and between two neighbours in float32."""
    found = set()
    for threshold in thresholds:
        single = np.float32(threshold)
        around = [np.nextafter(single, np.float32(to)) for to in (-np.inf, np.inf)]
        found |= {threshold, *(np.nextafter(threshold, to) for to in (-np.inf, np.inf))}
        found |= {float(single), *((float(single) + float(one)) / 2 for one in around)}
    return sorted(float(number) for number in found)


def thresholds_of(plan, name):
    """Return the thresholds at the columns that are a field as it is."""
    if plan.kind != "trees":
        return [0.0]
    trees = nodes_of(plan)
    plain = [
        place
        for place, column in enumerate(plan.columns)
        if column.source == name and not column.steps and column.lookup is None
    ]
    chosen = np.isin(trees.feature, plain) & (trees.category_set < 0)
    found = trees.threshold[chosen]  # infinite where only missing values go another way
    return [0.0, *found[np.isfinite(found)][:40].tolist()]


def records(plan, things):
    number = st.floats(-20, 20)
    size, price = (
        st.one_of(st.sampled_from(edges(thresholds_of(plan, name))), number)
        for name in ("size", "price")
    )
    return st.tuples(
        st.just("k"),
        size,
        st.integers(0, 50),
        st.none() | price,
        st.none() | st.booleans(),
        st.booleans(),
        st.none() | st.sampled_from(things.places),
        st.sampled_from(things.letters),
        st.none() | st.dates(date(2024, 1, 1), date(2025, 1, 1)),
    )


@pytest.mark.parametrize("name", MODELS)
@EXAMPLES
@given(data=st.data())
def test_a_compiled_model_answers_like_scikit_learn(things, name, data):
    task, curation, estimator, kind, is_deep = MODELS[name]
    model = things.model(name, task, curation, estimator)
    assert (model.plan.kind, model.plan.deep is not None) == (kind, is_deep)
    rows = data.draw(st.lists(records(model.plan, things), **SETS))
    tolerance = 1e-6 if kind == "onnx" else 1e-9
    wanted = model.reference.answer_columns(things.batch_of(rows))
    found = model.scorer.answer_rows(rows)
    if task == "regression":
        assert found.predictions == pytest.approx(wanted.predictions, rel=tolerance, abs=tolerance)
    elif task == "binary":
        assert found.predictions == wanted.predictions
        assert found.probabilities == pytest.approx(wanted.probabilities, abs=tolerance)
    else:
        np.testing.assert_allclose(found.by_class, wanted.by_class, rtol=0, atol=tolerance)
        assert found.probabilities == [max(row) for row in found.by_class]
    assert found.segments == wanted.segments


@pytest.mark.parametrize("name", [name for name in MODELS if MODELS[name][3] != "onnx"])
@EXAMPLES
@given(data=st.data())
def test_rows_and_columns_agree_to_the_last_bit(things, name, data):
    task, curation, estimator, *_ = MODELS[name]
    model = things.model(name, task, curation, estimator)
    rows = data.draw(st.lists(records(model.plan, things), **SETS))
    by_row = [model.scorer.answer_rows([row]) for row in rows]
    for encoded in (False, True):
        found = model.scorer.answer_columns(things.batch_of(rows, encoded=encoded))
        assert found.predictions == [one.predictions[0] for one in by_row]
        assert found.probabilities == [one.probabilities[0] for one in by_row]
        assert found.segments == [one.segments[0] for one in by_row]
        if found.by_class is not None:
            assert found.by_class == [one.by_class[0] for one in by_row]


@pytest.mark.parametrize("name", [name for name in MODELS if MODELS[name][3] == "onnx"])
def test_a_converted_model_rounds_rows_and_columns_alike_enough(things, name):
    """The kernels of the runtime depend on the number of rows."""
    task, curation, estimator, *_ = MODELS[name]
    model = things.model(name, task, curation, estimator)
    rows = [("k", size / 7, 3, None, True, False, "sea", "A", None) for size in range(-20, 20)]
    found = model.scorer.answer_columns(things.batch_of(rows))
    assert found.probabilities == pytest.approx(
        [model.scorer.answer_rows([row]).probabilities[0] for row in rows], abs=1e-7
    )
    assert found.predictions == model.scorer.answer_rows(rows).predictions


def test_segments_are_the_groups_of_the_plain_values(things):
    model = things.model("ridge", *MODELS["ridge"][:3])
    row = ("k", 1.0, 5, 0.5, True, False, "sea", "A", None)
    (text,) = model.scorer.answer_rows([row]).segments
    assert json.loads(text) == {
        "place": "sea",
        "is_new": "true",
        "count": "5",
        "price_group": "0 - 1",
        "kind": "wet",
    }
