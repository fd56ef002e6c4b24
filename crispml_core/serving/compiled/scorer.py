"""A model version that answers through its plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from crispml_core.domain.compiled import Plan
from crispml_core.domain.errors import UseCaseError
from crispml_core.domain.models import ModelVersion
from crispml_core.domain.use_case import UseCase
from crispml_core.ports.scorer import Answers
from crispml_core.serving.compiled.curation import Refused
from crispml_core.serving.compiled.links import SEVERAL, SINGLE, logistic, logistics
from crispml_core.serving.compiled.preparation import RowPreparation, may_be_missing
from crispml_core.serving.compiled.segments import SegmentText

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from crispml_core.serving.compiled.columns import PreparedColumns

Row = tuple[Any, ...]
Outputs: TypeAlias = "list[Any] | np.ndarray"


class Model(Protocol):
    """Executes the core of a plan on prepared records."""

    def of_rows(self, rows: Sequence[Row]) -> list[Any]:
        """Return the output of each record, a tuple where there are several."""
        ...

    def of_columns(self, columns: PreparedColumns) -> Outputs:
        """Return the output of each record of a batch; to the last bit as `of_rows`."""
        ...

    @property
    def size_bytes(self) -> int:
        """Roughly how much memory it takes."""
        ...


class CompiledScorer:
    """Prepares, curates and answers by a plan, without scikit-learn and without pandas.

    Parameters
    ----------
    use_case : UseCase
        The definition that the version was trained with.
    manifest : ModelVersion
        The version.
    plan : Plan
        Its compiled form.

    Raises
    ------
    ImportError
        If a library that the plan needs is not installed.
    RegistryDamaged
        If the graph of the plan cannot be read.
    """

    is_fast = True

    def __init__(self, use_case: UseCase, manifest: ModelVersion, plan: Plan) -> None:
        self._use_case, self._manifest, self.plan = use_case, manifest, plan
        fields = {segment.field for segment in use_case.segments}
        self._prepare = RowPreparation(use_case, {*plan.sources, *fields})
        self._model = _model(use_case, plan, self._prepare.positions)
        self._segments = SegmentText(use_case.segments, self._prepare.positions)
        self._answer = _answerer(use_case, manifest, plan)

    @property
    def manifest(self) -> ModelVersion:
        """The version that answers."""
        return self._manifest

    @property
    def size_bytes(self) -> int:
        """Roughly how much memory the version takes."""
        return self._model.size_bytes

    def answer_rows(self, rows: Sequence[Row]) -> Answers:
        """Answer records that keep the record schema: plain values in the order of its fields.

        Raises
        ------
        UseCaseError
            If the curation refuses a value.
        """
        prepared = self._prepare(rows)
        try:
            outputs = self._model.of_rows(prepared)
            return self._answer(outputs, self._segments.of_rows(prepared))
        except Refused as refused:
            raise UseCaseError(self._use_case.name, "predict", str(refused)) from None

    def answer_columns(self, batch: pa.RecordBatch) -> Answers:
        """Answer a batch of the Arrow schema of the record schema that keeps its rules.

        Raises
        ------
        UseCaseError
            If the curation refuses a value.
        """
        from crispml_core.serving.compiled.columns import PreparedColumns

        columns = PreparedColumns(self._use_case, batch)
        try:
            outputs = self._model.of_columns(columns)
            return self._answer(outputs, self._segments.of_columns(columns))
        except Refused as refused:
            raise UseCaseError(self._use_case.name, "predict", str(refused)) from None


def _model(use_case: UseCase, plan: Plan, positions: dict[str, int]) -> Model:
    if plan.linear is not None:
        from crispml_core.serving.compiled.linear import LinearModel

        return LinearModel(plan, positions, may_be_missing(use_case))
    if plan.onnx is not None:
        from crispml_core.serving.compiled.graph import GraphModel

        return GraphModel(plan, positions)
    from crispml_core.serving.compiled.bit_trees import BitTrees

    return BitTrees(plan, positions)


def _answerer(
    use_case: UseCase, manifest: ModelVersion, plan: Plan
) -> Callable[[Outputs, list[str]], Answers]:
    """Return the function from outputs and segments to answers."""
    core = plan.linear or plan.trees
    link = core.link if core is not None else "identity"
    if not use_case.target.is_classification:
        return _Numbers(SINGLE[link])
    if use_case.target.task == "multiclass":
        return _Classes(SEVERAL[link], manifest.classes)
    assert manifest.threshold is not None
    second = SINGLE[link] if plan.outputs == 1 else _second_of(SEVERAL[link])
    return _Binary(second, manifest.classes, manifest.threshold)


def _second_of(link: Callable[[Any], tuple[float, ...]]) -> Callable[[Any], float]:
    return lambda outputs: link(outputs)[1]


def _check(numbers: list[float]) -> None:
    """Refuse answers that are not numbers: a missing value came through."""
    total = sum(numbers)
    if total != total:
        raise Refused("a field is missing, which the model does not know")


class _Binary:
    def __init__(
        self, link: Callable[[Any], float], classes: tuple[str, ...], threshold: float
    ) -> None:
        self._link, self._threshold = link, threshold
        self._first, self._second = classes

    def __call__(self, outputs: Outputs, segments: list[str]) -> Answers:
        link, threshold, first, second = self._link, self._threshold, self._first, self._second
        if not isinstance(outputs, list):
            if link is logistic:
                return self._of_array(logistics(outputs), segments)
            outputs = outputs.tolist()
        probabilities = [link(output) for output in outputs]
        _check(probabilities)
        decisions = [second if p >= threshold else first for p in probabilities]
        return Answers(decisions, probabilities, segments)  # type: ignore[arg-type]

    def _of_array(self, probabilities: np.ndarray, segments: list[str]) -> Answers:
        import numpy as np

        numbers = probabilities.tolist()
        _check(numbers)
        classes = np.array((self._first, self._second), dtype=object)
        decisions = classes[(probabilities >= self._threshold).astype(np.intp)]
        return Answers(decisions.tolist(), numbers, segments)


class _Classes:
    def __init__(self, link: Callable[[Any], tuple[float, ...]], classes: tuple[str, ...]) -> None:
        self._link, self._classes = link, classes

    def __call__(self, outputs: Outputs, segments: list[str]) -> Answers:
        by_class = [self._link(output) for output in outputs]
        largest = [max(row) for row in by_class]
        _check(largest)
        decisions = [
            self._classes[row.index(top)] for row, top in zip(by_class, largest, strict=True)
        ]
        return Answers(decisions, largest, segments, by_class)  # type: ignore[arg-type]


class _Numbers:
    def __init__(self, link: Callable[[float], float]) -> None:
        self._link = link

    def __call__(self, outputs: Outputs, segments: list[str]) -> Answers:
        plain = outputs if isinstance(outputs, list) else outputs.tolist()
        numbers = [self._link(output) for output in plain]
        _check(numbers)
        return Answers(numbers, [None] * len(numbers), segments)
