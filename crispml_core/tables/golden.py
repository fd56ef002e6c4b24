"""Answers of a model to golden records."""

from __future__ import annotations

import pandas as pd

from crispml_core.domain.golden import GoldenRecords
from crispml_core.domain.use_case import UseCase
from crispml_core.ports.scorer import Scorer
from crispml_core.tables.json_rows import to_records


def golden_answers(use_case: UseCase, scorer: Scorer, records: pd.DataFrame) -> GoldenRecords:
    """Answer raw records and keep inputs and answers together."""
    raw = records[list(use_case.schema.names)]
    answers = scorer.predict(raw)
    probabilities = answers.probabilities
    return GoldenRecords(
        records=tuple(to_records(raw, use_case.schema)),
        decisions=tuple(answers.decision.tolist()),
        probabilities=None if probabilities is None else tuple(map(tuple, probabilities.tolist())),
    )
