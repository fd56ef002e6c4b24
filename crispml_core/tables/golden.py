"""Answers of a model to golden records; no data frame takes part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crispml_core.domain.fields import RecordSchema
from crispml_core.domain.golden import GoldenRecords
from crispml_core.domain.use_case import UseCase
from crispml_core.ports.scorer import Answers, Scorer
from crispml_core.tables.records import RecordReader


def golden_answers(
    use_case: UseCase, scorer: Scorer, records: Sequence[dict[str, Any]]
) -> GoldenRecords:
    """Answer raw records and keep inputs and answers together.

    Raises
    ------
    InvalidRecords
        If a record breaks the schema.
    """
    answers = scorer.answer_rows(rows_of(use_case.schema, records))
    return GoldenRecords(
        records=tuple(records),
        decisions=tuple(answers.predictions),
        probabilities=probabilities_of(answers),
    )


def rows_of(schema: RecordSchema, records: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return JSON records as plain values in the order of the schema.

    Raises
    ------
    InvalidRecords
        If a record breaks the schema.
    """
    columns, findings = RecordReader(schema, record_key=schema.record_key).columns(records)
    findings.raise_if_any()
    return list(zip(*columns, strict=True))


def probabilities_of(answers: Answers) -> tuple[tuple[float, ...], ...] | None:
    """Return the probabilities by class; None for regression."""
    if answers.by_class is not None:
        return tuple(answers.by_class)
    if None in answers.probabilities:
        return None
    return tuple((1.0 - second, second) for second in answers.probabilities if second is not None)
