"""The shipped use cases reach what they promise, and the same seed gives the same model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from crispml_core.adapters.sources import build_source
from crispml_core.domain.datasets import SPLIT_COLUMN, TEST
from crispml_core.domain.sources import Selection
from crispml_core.methods.data_curation import DataCuration
from crispml_core.methods.data_ingestion import DataIngestion
from crispml_core.methods.data_preparation import DataPreparation
from crispml_core.methods.model_training import ModelTraining
from crispml_core.monitoring.ranking import auc
from crispml_core.serving.pipeline_scorer import answer, pipeline_of
from crispml_core.tables.frames import to_frame
from crispml_core.tables.truth import encode_truth
from crispml_core.use_cases.loader import load_use_case

EXAMPLES = Path(__file__).parents[2] / "examples"
GERMAN = f"{EXAMPLES}/german_credit/use_case.py:german_credit"
TELCO = f"{EXAMPLES}/telco_churn/use_case.yaml"


def raw(use_case):
    source = build_source(use_case, {})
    return list(DataIngestion(use_case).run(source.read(Selection())))


def champion(use_case, batches, seed):
    """Train every algorithm; return the probabilities of the best on select, and its test AUC."""
    prepared = list(DataPreparation(use_case).run(batches, seed=seed))
    frame = to_frame(pa.Table.from_batches(prepared), use_case.schema)
    test = frame[frame[SPLIT_COLUMN] == TEST]
    found = []
    for algorithm in use_case.algorithms:
        transformer, curated = DataCuration(use_case, algorithm).run(frame)
        fitted = ModelTraining(use_case, algorithm).run(curated, seed=seed)
        found.append((fitted.kpis["auc"], transformer, fitted))
    _, transformer, fitted = max(found, key=lambda entry: entry[0])
    pipeline = pipeline_of(transformer, fitted.estimator)
    records = test[list(use_case.schema.names)]
    p = answer(use_case, pipeline, fitted.threshold, records).probabilities[:, 1]
    return p, auc(encode_truth(use_case.target, test[use_case.target.name]), p)


@pytest.mark.parametrize(("reference", "floor"), [(GERMAN, 0.76), (TELCO, 0.83)])
def test_the_mean_auc_of_the_champion_over_ten_seeds(reference, floor):
    use_case = load_use_case(reference)
    batches = raw(use_case)
    found = [champion(use_case, batches, seed)[1] for seed in range(10)]
    assert np.mean(found) >= floor, found


def test_the_same_seed_gives_the_same_predictions_bit_for_bit():
    use_case = load_use_case(GERMAN)
    batches = raw(use_case)
    one, two = (champion(use_case, batches, 3)[0] for _ in range(2))
    assert (one == two).all()
