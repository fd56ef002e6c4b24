"""A small use case with every kind of field, and models fitted on it once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)

from crispml_core import Algorithm, Derive, Field, Segment, Target, UseCase
from crispml_core.adapters.compilers import SklearnModelCompiler
from crispml_core.domain.compiled import Plan
from crispml_core.serving.compiled.encoding import decode_plan, encode_plan
from crispml_core.serving.compiled.scorer import CompiledScorer
from crispml_core.serving.pipeline_scorer import PipelineScorer, pipeline_of
from crispml_core.tables.features import features
from crispml_core.tables.frames import to_frame
from crispml_core.tables.preparation import prepare
from crispml_core.tables.schema import arrow_schema

# "moon" and "Z" are valid, and no training row has them.
PLACES, LETTERS = ("sea", "land", "air", "moon"), tuple("ABCDEFGZ")
FIELDS = (
    Field("key", "string"),
    Field("size", "number"),
    Field("count", "integer", minimum=0, maximum=50),
    Field("price", "number", nullable=True),
    Field("is_new", "boolean", nullable=True),
    Field("is_big", "boolean"),
    Field("place", "category", values=PLACES, nullable=True),
    Field("letter", "category", values=LETTERS),
    Field("day", "date", nullable=True),
)
PREPARE = (
    Derive("ratio", "price / count"),
    Derive("is_heavy", "size > 1 and not is_big"),
    Derive("kind", "where(place == 'sea', 'wet', 'dry')"),
    Derive("is_early", "starts_with(day, '2024-0')"),
    Derive("label", "where(size > 0, letter, 'none')"),
)
NUMBERS = ["size", "count", "price", "is_new", "is_big", "ratio", "is_heavy", "is_early"]
TEXTS = ["place", "letter", "kind", "label"]

TARGETS = {
    "binary": Target("y", "binary", values=("a", "b"), positive="b"),
    "multiclass": Target("y", "multiclass", values=("a", "b", "c")),
    "regression": Target("y", "regression"),
}


def a_use_case(task: str) -> UseCase:
    return UseCase(
        name="things",
        record_key="key",
        fields=FIELDS,
        target=TARGETS[task],
        source=None,
        prepare=PREPARE,
        algorithms=(Algorithm(name="any", curate=list, estimator=list),),
        segments=(
            Segment("place"),
            Segment("is_new"),
            Segment("count"),
            Segment("price_group", field="price", bins=(0, 1)),
            Segment("kind"),
        ),
    )


@cache
def training(rows: int = 500) -> pa.RecordBatch:
    rng = np.random.default_rng(7)

    def some(values: Any, share: float = 0.15) -> list[Any]:
        return [None if rng.random() < share else value for value in values.tolist()]

    columns = [
        [f"k{row}" for row in range(rows)],
        rng.normal(0, 2, rows).round(2).tolist(),
        rng.integers(0, 20, rows).tolist(),
        some(rng.normal(0, 1, rows).round(2)),
        some(rng.random(rows) < 0.5),
        (rng.random(rows) < 0.3).tolist(),
        some(rng.choice(PLACES[:3], rows)),
        rng.choice(LETTERS[:-1], rows, p=[0.3, 0.3, 0.2, 0.1, 0.06, 0.02, 0.02]).tolist(),
        some(np.datetime64("2024-01-01") + rng.integers(0, 365, rows)),
    ]
    schema = arrow_schema(FIELDS)
    arrays = [pa.array(values, kind) for values, kind in zip(columns, schema.types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


@dataclass(frozen=True)
class Compiled:
    """A fitted pipeline beside its compiled form."""

    use_case: UseCase
    reference: PipelineScorer
    scorer: CompiledScorer
    plan: Plan


def fit(task: str, curation: Any, estimator: Any, **changes: Any) -> Any:
    """Return the use case, the fitted pipeline and the features it was fitted on."""
    use_case = replace(a_use_case(task), **changes)
    frame = to_frame(training(), FIELDS)
    X = features(use_case, prepare(use_case, frame))
    noise = np.random.default_rng(3).normal(0, 1, len(frame))
    y = frame["size"] + 2 * (frame["letter"] == "B") + frame["price"].fillna(1) + noise
    if task == "binary":
        y = (y > 1).astype(int)
    if task == "multiclass":
        y = np.digitize(y, [0, 2])
    curated = curation.fit_transform(X)
    return use_case, pipeline_of(curation, estimator.fit(curated, np.asarray(y))), X


def compile_and_read(use_case: UseCase, pipeline: Any, X: pd.DataFrame) -> Compiled:
    """Compile a pipeline; the plan is what another process would read."""
    plan = decode_plan(encode_plan(SklearnModelCompiler().compile(use_case, pipeline, X)))
    threshold = 0.4321 if use_case.target.task == "binary" else None
    manifest: Any = SimpleNamespace(threshold=threshold, classes=use_case.target.classes)
    return Compiled(
        use_case,
        PipelineScorer(use_case, manifest, pipeline),
        CompiledScorer(use_case, manifest, plan),
        plan,
    )


def scaled():
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    texts = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return ColumnTransformer([("n", numbers, NUMBERS), ("t", texts, TEXTS)])


def ordinal():
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    return ColumnTransformer([("t", codes, TEXTS), ("n", "passthrough", NUMBERS)])


def varied():
    """Every other option: sparse, clipped, dropped, rare, nested, numbers as categories."""
    rare = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=0.04, drop="first", sparse_output=True
    )
    filled = make_pipeline(
        SimpleImputer(strategy="most_frequent", add_indicator=False),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        MinMaxScaler(),
    )
    named = SimpleImputer(strategy="constant", fill_value="none", add_indicator=True)
    counted = OneHotEncoder(handle_unknown="ignore", max_categories=6)
    clipped = make_pipeline(SimpleImputer(), MinMaxScaler((-1, 2), clip=True), StandardScaler())
    return make_pipeline(
        ColumnTransformer(
            [
                ("a", rare, ["letter"]),
                ("b", filled, ["place"]),
                ("c", make_pipeline(named, OneHotEncoder(handle_unknown="ignore")), ["place"]),
                ("d", counted, ["count"]),
                ("e", clipped, ["price", "ratio"]),
                ("f", make_pipeline(RobustScaler(), FunctionTransformer()), ["size"]),
                ("g", "drop", ["is_new"]),
            ],
            remainder="drop",
        ),
        VarianceThreshold(),
    )


def batch_of(rows, *, encoded=False):
    schema = arrow_schema(FIELDS)
    arrays = [
        pa.array(values, kind)
        for values, kind in zip(zip(*rows, strict=True), schema.types, strict=True)
    ]
    if encoded:
        arrays = [a.dictionary_encode() if pa.types.is_string(a.type) else a for a in arrays]
        return pa.RecordBatch.from_arrays(arrays, names=schema.names)
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


CURATIONS = {"scaled": scaled, "ordinal": ordinal, "varied": varied}


@pytest.fixture(scope="session")
def things() -> SimpleNamespace:
    """The use case, its curations, and models on it, each of which is fitted once."""
    known: dict[str, Compiled] = {}

    def model(name: str, task: str, curation: str, estimator: Callable[[], Any]) -> Compiled:
        if name not in known:
            known[name] = compile_and_read(*fit(task, CURATIONS[curation](), estimator()))
        return known[name]

    return SimpleNamespace(
        model=model,
        fit=fit,
        compile_and_read=compile_and_read,
        batch_of=batch_of,
        places=PLACES,
        letters=LETTERS,
        **CURATIONS,
    )
