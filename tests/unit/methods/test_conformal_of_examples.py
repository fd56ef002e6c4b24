"""The label sets of the shipped use cases hold the truth as often as they promise."""

from pathlib import Path

import pyarrow as pa
import pytest

from crispml_core.adapters.sources.factory import build_source
from crispml_core.domain.sources import Selection
from crispml_core.methods.data_curation import DataCuration
from crispml_core.methods.data_ingestion import DataIngestion
from crispml_core.methods.model_training import ModelTraining
from crispml_core.monitoring.conformal import conformal_coverage
from crispml_core.use_cases.loader import load_use_case

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[3] / "examples"
SHIPPED = ["german_credit/use_case.py:german_credit", "telco_churn/use_case.yaml"]


@pytest.mark.parametrize("reference", SHIPPED)
@pytest.mark.parametrize("algorithm", ["logistic_regression", "gradient_boosting"])
def test_the_coverage_on_test_lies_in_its_band(reference, algorithm, prepared):
    use_case = load_use_case(f"{EXAMPLES}/{reference}")
    batches = DataIngestion(use_case).run(build_source(use_case, {}).read(Selection()))
    frame = prepared(use_case, pa.Table.from_batches(list(batches)))
    chosen = use_case.algorithm(algorithm)
    _, curated = DataCuration(use_case, chosen).run(frame)
    fitted = ModelTraining(use_case, chosen).run(curated)
    X, y = curated.part("test")
    found = conformal_coverage(
        fitted.conformal, "binary", y, fitted.estimator.predict_proba(X), (0.9,)
    )
    (at,) = found["levels"]
    assert at["low"] <= at["coverage"] <= at["high"]
    assert 0.85 < at["coverage"] < 0.95
    assert 0 < at["refer"] < 1
