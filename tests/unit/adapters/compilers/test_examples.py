"""The shipped use cases compile, with every algorithm that they declare."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from crispml_core.adapters.compilers import SklearnModelCompiler
from crispml_core.adapters.sources import build_source
from crispml_core.domain.datasets import SPLIT_COLUMN, TEST, TRAIN
from crispml_core.domain.sources import Selection
from crispml_core.methods.data_curation import DataCuration
from crispml_core.methods.data_ingestion import DataIngestion
from crispml_core.methods.data_preparation import DataPreparation
from crispml_core.methods.model_training import ModelTraining
from crispml_core.serving.compiled.scorer import CompiledScorer
from crispml_core.serving.pipeline_scorer import PipelineScorer, pipeline_of
from crispml_core.tables.features import features
from crispml_core.tables.frames import to_batch, to_frame
from crispml_core.tables.schema import arrow_schema
from crispml_core.use_cases.loader import load_use_case

EXAMPLES = Path(__file__).parents[4] / "examples"
REFERENCES = ["german_credit/use_case.py:german_credit", "telco_churn/use_case.yaml"]
KINDS = {"logistic_regression": "linear", "gradient_boosting": "trees"}


@pytest.mark.parametrize("reference", REFERENCES)
def test_every_algorithm_of_a_shipped_use_case_is_compiled(reference):
    use_case = load_use_case(f"{EXAMPLES}/{reference}")
    raw = DataIngestion(use_case).run(build_source(use_case, {}).read(Selection()))
    prepared = list(DataPreparation(use_case).run(raw, seed=0))
    frame = to_frame(pa.Table.from_batches(prepared), use_case.schema)
    test = to_batch(frame[frame[SPLIT_COLUMN] == TEST], arrow_schema(use_case.schema))
    assert {algorithm.name for algorithm in use_case.algorithms} == set(KINDS)
    for algorithm in use_case.algorithms:
        transformer, curated = DataCuration(use_case, algorithm).run(frame)
        fitted = ModelTraining(use_case, algorithm).run(curated)
        pipeline = pipeline_of(transformer, fitted.estimator)
        train = features(use_case, frame[frame[SPLIT_COLUMN] == TRAIN])
        plan = SklearnModelCompiler().compile(use_case, pipeline, train)
        manifest = SimpleNamespace(threshold=fitted.threshold, classes=use_case.target.classes)
        found = CompiledScorer(use_case, manifest, plan).answer_columns(test)
        wanted = PipelineScorer(use_case, manifest, pipeline).answer_columns(test)
        assert plan.kind == KINDS[algorithm.name]
        assert found.predictions == wanted.predictions
        np.testing.assert_allclose(found.probabilities, wanted.probabilities, rtol=0, atol=1e-12)
        assert list(map(json.loads, found.segments)) == list(map(json.loads, wanted.segments))
