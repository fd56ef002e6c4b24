"""A model version that answers through its scikit-learn pipeline."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

import pandas as pd
from sklearn.pipeline import Pipeline
from threadpoolctl import ThreadpoolController

from crispml_core.domain.errors import UseCaseError, describe_failure
from crispml_core.domain.models import ModelVersion
from crispml_core.domain.use_case import UseCase
from crispml_core.ports.scorer import Predictions
from crispml_core.tables.features import features
from crispml_core.tables.preparation import prepare
from crispml_core.tables.segments import segment_groups
from crispml_core.tables.truth import decide


class PipelineScorer:
    """Prepare by the use case, curate and predict by the persisted pipeline.

    Parameters
    ----------
    use_case : UseCase
        The definition that the version was trained with.
    manifest : ModelVersion
        The version.
    pipeline : sklearn.pipeline.Pipeline
        Its fitted curation and estimator.
    """

    def __init__(self, use_case: UseCase, manifest: ModelVersion, pipeline: Any) -> None:
        self._use_case, self._manifest, self._pipeline = use_case, manifest, pipeline

    @property
    def manifest(self) -> ModelVersion:
        """The version that answers."""
        return self._manifest

    def predict(self, records: pd.DataFrame) -> Predictions:
        """Answer records that keep the record schema."""
        return answer(self._use_case, self._pipeline, self._manifest.threshold, records)


def pipeline_of(transformer: Any, estimator: Any) -> Pipeline:
    """Join a fitted curation and a fitted estimator."""
    return Pipeline([("curate", transformer), ("model", estimator)])


def answer(
    use_case: UseCase, pipeline: Any, threshold: float | None, records: pd.DataFrame
) -> Predictions:
    """Prepare, curate and answer raw records: the one way there is, for reports and for scoring.

    Raises
    ------
    UseCaseError
        If the preparation or the pipeline raises.
    """
    prepared = prepare(use_case, records)
    X = features(use_case, prepared)
    groups = segment_groups(use_case, prepared)
    try:
        with _threads(len(X)):
            if not use_case.target.is_classification:
                return Predictions(pipeline.predict(X).astype(float), None, groups)
            probabilities = pipeline.predict_proba(X)
    except Exception as error:
        raise UseCaseError(use_case.name, "predict", describe_failure(error)) from error
    return Predictions(decide(use_case.target, probabilities, threshold), probabilities, groups)


# Below this, the threads of a pool wait for each other longer than they work.
_FEW_ROWS = 10_000


def _threads(rows: int) -> AbstractContextManager[Any]:
    return _controller().limit(limits=1) if rows < _FEW_ROWS else nullcontext()


@cache
def _controller() -> ThreadpoolController:
    # Finding the thread pools of the loaded libraries takes milliseconds, so it is done once.
    return ThreadpoolController()
