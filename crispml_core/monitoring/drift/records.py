"""The fields of a use case as columns that are counted: of its training records, and of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from crispml_core.domain.drift import LABEL, PREDICTION, PROBABILITY
from crispml_core.domain.fields import Field
from crispml_core.domain.use_case import UseCase
from crispml_core.monitoring.drift.bins import Kind
from crispml_core.monitoring.drift.reference import Reference, fit_reference
from crispml_core.ports.scorer import Answers

if TYPE_CHECKING:
    import pyarrow as pa


def reference_of_records(
    use_case: UseCase,
    train: pa.RecordBatch,
    truth: Any,
    segments: Mapping[str, np.ndarray],
    answers: Answers,
) -> Reference:
    """Return what a version is compared with.

    Parameters
    ----------
    use_case : UseCase
        Of its fields, those count that the ledger keeps: no others can be counted later. Keys are
        different in every record, so they do not count.
    train : pyarrow.RecordBatch
        The records that the model was fitted on.
    truth : array_like
        Their labels.
    segments : mapping of str to ndarray of text
        By segment, the group of each of them.
    answers : Answers
        What the model says of records that it was not fitted on.
    """
    from crispml_core.tables.segments import groups_of_texts  # loads pandas

    kinds: dict[str, Kind] = {field.name: _kind(field) for field in watched_fields(use_case)}
    columns = {name: train.column(name) for name in kinds}
    is_class = use_case.target.is_classification
    kinds |= {
        PREDICTION: "category" if is_class else "number",
        PROBABILITY: "number",
        LABEL: "category" if is_class else "number",
    }
    return fit_reference(
        columns,
        kinds=kinds,
        predictions=prediction_columns(is_class, answers.predictions, answers.probabilities),
        label=list(truth),
        segments=segments,
        prediction_segments=groups_of_texts(list(segments), answers.segments),
    )


def watched_fields(use_case: UseCase) -> tuple[Field, ...]:
    """Return the fields that are counted."""
    keys = {use_case.record_key, use_case.subject_key}
    return tuple(
        field
        for field in use_case.schema
        if field.name in use_case.schema.clear and field.name not in keys
    )


def prediction_columns(
    is_class: bool, predictions: Sequence[Any], probabilities: Sequence[float | None]
) -> dict[str, Any]:
    """Return what is counted of answers: the class and its probability, or the number."""
    if not is_class:
        return {PREDICTION: np.asarray(predictions, dtype=float)}
    return {
        PREDICTION: predictions,
        PROBABILITY: np.array(probabilities, dtype=float),
    }


def _kind(field: Field) -> Kind:
    """Return how a field is counted: moments go on, so that they always drift."""
    if field.is_numeric:
        return "number"
    return "presence" if field.type in ("date", "datetime") else "category"
