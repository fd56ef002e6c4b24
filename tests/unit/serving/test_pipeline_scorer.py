"""A scorer prepares, curates and answers; what fails is the use case's."""

import json
from dataclasses import replace

import pytest

from crispml_core.domain.errors import UseCaseError
from crispml_core.domain.targets import Segment
from crispml_core.serving.pipeline_scorer import answer
from crispml_core.tables.frames import to_frame


def batch_of(toy, rows):
    (batch,) = rows.select(list(toy.schema.names)).combine_chunks().to_batches()
    return batch


def test_records_get_a_decision_probabilities_and_segments(toy, toy_rows, trained):
    found = trained.scorer.answer_columns(batch_of(toy, toy_rows(10)))
    frame = answer(toy, trained.pipeline, trained.facts.threshold, to_frame(toy_rows(10)))
    assert set(found.predictions) <= {"no", "yes"}
    assert found.probabilities == frame.probabilities[:, 1].tolist()
    assert set(json.loads(found.segments[0])) == {"channel", "size"}


def test_rows_and_columns_get_the_same_answers(toy, toy_rows, trained):
    batch = batch_of(toy, toy_rows(10))
    rows = list(zip(*(column.to_pylist() for column in batch.columns), strict=True))
    encoded = batch.set_column(3, "channel", batch.column("channel").dictionary_encode())
    assert trained.scorer.answer_rows(rows) == trained.scorer.answer_columns(batch)
    assert trained.scorer.answer_columns(encoded) == trained.scorer.answer_columns(batch)


def test_a_pipeline_that_raises_is_told_without_values(toy, toy_rows):
    class Broken:
        def predict_proba(self, X):
            raise ValueError(f"Anna {X['amount'].iloc[0]}")

    with pytest.raises(UseCaseError, match=r"predict: ValueError at line \d+ of") as caught:
        answer(toy, Broken(), 0.5, to_frame(toy_rows(2), toy.schema))
    assert "Anna" not in caught.value.message


@pytest.mark.parametrize(
    ("segment", "says"),
    [
        (Segment("prise"), "segment prise: the preparation gives no field prise .did you mean"),
        (Segment("kind", field="channel", bins=(1,)), "is not a number, so it can have no bins"),
    ],
)
def test_a_segment_that_a_function_does_not_prepare_is_named(toy, toy_rows, segment, says):
    use_case = replace(toy, prepare=lambda rows: rows.assign(price=1.0), segments=(segment,))
    with pytest.raises(UseCaseError, match=says):
        answer(use_case, None, 0.5, to_frame(toy_rows(2), toy.schema))
