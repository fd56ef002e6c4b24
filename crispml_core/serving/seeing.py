"""A model version that learned from masked data answers records as they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from crispml_core.domain.compiled import Plan
from crispml_core.domain.dataset_privacy import DataSetPrivacy
from crispml_core.domain.errors import InvalidInput, RegistryDamaged
from crispml_core.domain.fields import Field
from crispml_core.domain.models import ModelVersion
from crispml_core.domain.seen import RowView
from crispml_core.domain.use_case import UseCase
from crispml_core.ports.scorer import Answers, Scorer

if TYPE_CHECKING:
    import pyarrow as pa


def as_seen_by(use_case: UseCase, manifest: ModelVersion) -> UseCase:
    """Return the use case as a version learned it: with the fields that its data sets had.

    The policies of the environment where it was trained count, not those of this one: they are in
    the manifest, and nowhere else.

    Raises
    ------
    RegistryDamaged
        If the manifest does not say which fields these are.
    """
    if not manifest.masked:
        return use_case
    try:
        fields = msgspec.convert(manifest.schema.get("fields"), tuple[Field, ...])
        return replace(use_case, fields=fields, privacy=DataSetPrivacy(training=True))
    except (msgspec.ValidationError, InvalidInput) as error:
        raise RegistryDamaged(
            f"the manifest of {manifest.version} has no fields that a model could see"
        ) from error


def shown(use_case: UseCase, seen: UseCase, scorer: Scorer) -> Scorer:
    """Return a scorer over what is `seen` as one over the records of the use case."""
    view = RowView(use_case.schema, seen.schema)
    return scorer if seen is use_case or view.is_clear else SeeingScorer(view, scorer)


class SeeingScorer:
    """Shows each record to a scorer as a data set would have it.

    Parameters
    ----------
    view : RowView
        From the record schema to what the version sees.
    scorer : Scorer
        The version, over the fields that it sees.
    """

    def __init__(self, view: RowView, scorer: Scorer) -> None:
        self._view, self._scorer = view, scorer

    @property
    def is_fast(self) -> bool:
        """Whether one record costs microseconds."""
        return self._scorer.is_fast

    @property
    def plan(self) -> Plan | None:
        """The compiled model, over what is seen; None when scikit-learn answers."""
        return self._scorer.plan

    @property
    def size_bytes(self) -> int:
        """About how much memory the version takes."""
        return self._scorer.size_bytes

    @property
    def manifest(self) -> ModelVersion:
        """The version that answers."""
        return self._scorer.manifest

    def answer_rows(self, rows: Sequence[tuple[Any, ...]]) -> Answers:
        """Answer records that keep the record schema: plain values in the order of its fields."""
        return self._scorer.answer_rows(self._view.rows(rows))

    def answer_columns(self, batch: pa.RecordBatch) -> Answers:
        """Answer a batch of the Arrow schema of the record schema that keeps its rules."""
        from crispml_core.tables.seen_columns import seen_columns

        return self._scorer.answer_columns(seen_columns(self._view, batch))
