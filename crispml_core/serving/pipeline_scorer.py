"""A model version that answers through its scikit-learn pipeline.

For the few versions without a compiled form. The libraries are imported when the first of them is
used, so that a process that needs none stays small.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any

from crispml_core.domain.errors import UseCaseError, describe_failure
from crispml_core.domain.models import ModelVersion
from crispml_core.domain.use_case import UseCase
from crispml_core.ports.scorer import Answers, Predictions
from crispml_core.serving.compiled.segments import segment_text

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from sklearn.pipeline import Pipeline
    from threadpoolctl import ThreadpoolController


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
    size_bytes : int
        Roughly how much memory the pipeline takes.
    """

    is_fast = False
    plan = None

    def __init__(
        self, use_case: UseCase, manifest: ModelVersion, pipeline: Any, size_bytes: int = 0
    ) -> None:
        self._use_case, self._manifest, self._pipeline = use_case, manifest, pipeline
        self._size_bytes = size_bytes

    @property
    def manifest(self) -> ModelVersion:
        """The version that answers."""
        return self._manifest

    @property
    def size_bytes(self) -> int:
        """Roughly how much memory the version takes."""
        return self._size_bytes

    def answer_rows(self, rows: Sequence[tuple[Any, ...]]) -> Answers:
        """Answer records that keep the record schema: plain values in the order of its fields."""
        from crispml_core.tables.row_frames import rows_to_frame

        return self._answer(rows_to_frame(rows, self._use_case.schema))

    def answer_columns(self, batch: pa.RecordBatch) -> Answers:
        """Answer a batch of the Arrow schema of the record schema that keeps its rules."""
        from crispml_core.tables.frames import to_frame
        from crispml_core.tables.schema import arrow_schema

        # Dictionary-encoded text becomes plain text.
        plain = batch.cast(arrow_schema(self._use_case.schema))
        return self._answer(to_frame(plain, self._use_case.schema))

    def _answer(self, records: pd.DataFrame) -> Answers:
        found = answer(self._use_case, self._pipeline, self._manifest.threshold, records)
        names = list(found.segments)
        groups = zip(*(column.tolist() for column in found.segments.values()), strict=True)
        segments = [segment_text(names, row) for row in groups] or ["{}"] * len(records)
        decisions = found.decision.tolist()
        if found.probabilities is None:
            return Answers(decisions, [None] * len(decisions), segments)
        if self._use_case.target.task == "binary":
            return Answers(decisions, found.probabilities[:, 1].tolist(), segments)
        by_class = [tuple(row) for row in found.probabilities.tolist()]
        return Answers(decisions, [max(row) for row in by_class], segments, by_class)


def pipeline_of(transformer: Any, estimator: Any) -> Pipeline:
    """Join a fitted curation and a fitted estimator."""
    from sklearn.pipeline import Pipeline

    return Pipeline([("curate", transformer), ("model", estimator)])


def answer(
    use_case: UseCase, pipeline: Any, threshold: float | None, records: pd.DataFrame
) -> Predictions:
    """Prepare, curate and answer raw records by scikit-learn, as the training report does.

    Raises
    ------
    UseCaseError
        If the preparation or the pipeline raises.
    """
    from crispml_core.tables.features import features
    from crispml_core.tables.preparation import prepare
    from crispml_core.tables.segments import segment_groups
    from crispml_core.tables.truth import decide

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
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
