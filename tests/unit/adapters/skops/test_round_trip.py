from __future__ import annotations

import warnings
import zipfile
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    SplineTransformer,
    StandardScaler,
)

from crispml_core.adapters.skops import SkopsModelCodec

ROWS = 200
_random = np.random.default_rng(0)
AMOUNT = _random.lognormal(size=ROWS)
FRAME = pd.DataFrame(
    {
        "age": np.where(np.arange(ROWS) % 9 == 0, np.nan, _random.integers(18, 80, ROWS)),
        "amount": AMOUNT,
        "job": pd.Series(_random.choice(["none", "clerk", "boss"], ROWS), dtype="str"),
        "home": pd.Series(_random.choice(["own", "rent"], ROWS), dtype="str"),
    }
)
FRAME.loc[::7, "job"] = np.nan
BINARY = np.where(AMOUNT + _random.normal(size=ROWS) > 1, "good", "bad")
THREE = np.array(["a", "b", "c"])[_random.integers(0, 3, ROWS)]
NUMBER = 2 * AMOUNT + _random.normal(size=ROWS)


def encoded():
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["age", "amount"]),
            ("job", OneHotEncoder(handle_unknown="ignore"), ["job"]),
            ("home", OrdinalEncoder(), ["home"]),
        ]
    )


def ordinal():
    return ColumnTransformer(
        [("codes", OrdinalEncoder(), ["job", "home"])], remainder="passthrough"
    )


def only_amount(transformer):
    return ColumnTransformer([("amount", transformer, ["amount"])])


MODELS = {
    "logistic": (make_pipeline(encoded(), LogisticRegression()), BINARY),
    "logistic-multiclass": (make_pipeline(encoded(), LogisticRegression()), THREE),
    "hist-boosting": (
        make_pipeline(
            ordinal(),
            HistGradientBoostingClassifier(
                categorical_features=[0, 1], max_iter=10, random_state=0, early_stopping=True
            ),
        ),
        BINARY,
    ),
    "hist-boosting-multiclass": (
        make_pipeline(ordinal(), HistGradientBoostingClassifier(max_iter=5, random_state=0)),
        THREE,
    ),
    "hist-boosting-regression": (
        make_pipeline(ordinal(), HistGradientBoostingRegressor(max_iter=10, random_state=0)),
        NUMBER,
    ),
    "forest": (make_pipeline(encoded(), RandomForestClassifier(5, random_state=0)), BINARY),
    "boosting": (
        make_pipeline(encoded(), GradientBoostingClassifier(n_estimators=5, random_state=0)),
        BINARY,
    ),
    "ridge": (make_pipeline(encoded(), Ridge()), NUMBER),
    "logarithm": (
        make_pipeline(
            only_amount(FunctionTransformer(np.log1p, feature_names_out="one-to-one")), Ridge()
        ),
        NUMBER,
    ),
    "splines": (make_pipeline(only_amount(SplineTransformer()), Ridge()), NUMBER),
    "selection": (
        make_pipeline(encoded(), SelectKBest(f_classif, k=3), LogisticRegression()),
        BINARY,
    ),
    "calibrated": (
        CalibratedClassifierCV(make_pipeline(encoded(), LogisticRegression()), cv=2),
        BINARY,
    ),
}


def answers(model):
    return model.predict_proba(FRAME) if hasattr(model, "predict_proba") else model.predict(FRAME)


@pytest.fixture(params=MODELS, scope="module")
def fitted(request):
    model, truth = MODELS[request.param]
    return clone(model).fit(FRAME, truth), truth


def test_a_restored_model_answers_bit_for_bit_the_same(fitted):
    model, _ = fitted
    codec = SkopsModelCodec()
    content, types = codec.dumps(model)
    restored = codec.loads(content, types)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert answers(restored).tobytes() == answers(model).tobytes()
    assert restored.predict(FRAME).tolist() == model.predict(FRAME).tolist()


def test_the_same_fit_gives_the_same_bytes(fitted):
    model, truth = fitted
    again = clone(model).fit(FRAME, truth)

    assert SkopsModelCodec().dumps(again) == SkopsModelCodec().dumps(model)


def test_another_fit_gives_other_bytes():
    model = make_pipeline(encoded(), LogisticRegression())
    first = SkopsModelCodec().dumps(clone(model).fit(FRAME, BINARY))[0]
    second = SkopsModelCodec().dumps(clone(model).fit(FRAME[1:], BINARY[1:]))[0]

    assert first != second


def test_the_file_holds_no_pickle():
    content, _ = SkopsModelCodec().dumps(clone(MODELS["forest"][0]).fit(FRAME, BINARY))
    archive = zipfile.ZipFile(BytesIO(content))

    assert {name.rpartition(".")[2] for name in archive.namelist()} == {"json", "npy"}
    for name in archive.namelist():
        if name.endswith(".npy"):
            np.load(BytesIO(archive.read(name)), allow_pickle=False)
