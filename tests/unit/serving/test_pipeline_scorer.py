"""A scorer prepares, curates and answers; what fails is the use case's."""

from dataclasses import replace

import pytest

from crispml_core.domain.errors import UseCaseError
from crispml_core.domain.targets import Segment
from crispml_core.serving.pipeline_scorer import answer
from crispml_core.tables.frames import to_frame


def test_records_get_a_decision_probabilities_and_segments(toy, toy_rows, trained):
    found = trained.scorer.predict(to_frame(toy_rows(10), toy.schema))
    assert set(found.decision) <= {"no", "yes"}
    assert found.probabilities.shape == (10, 2)
    assert set(found.segments) == {"channel", "size"}


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
