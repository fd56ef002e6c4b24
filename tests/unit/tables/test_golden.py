"""Golden answers hold the raw inputs and what the model said to them."""

import numpy as np

from crispml_core.ports.scorer import Predictions
from crispml_core.tables.frames import to_frame
from crispml_core.tables.golden import golden_answers


class Scorer:
    """Says the same to everybody and remembers what it saw."""

    def __init__(self, decision, probabilities):
        self.answer = Predictions(np.array(decision, dtype=object), probabilities, {})

    def predict(self, records):
        self.seen = list(records.columns)
        return self.answer


def test_inputs_are_raw_records_without_the_truth(toy, toy_rows):
    frame = to_frame(toy_rows(2), toy.schema).assign(price=1.0)
    scorer = Scorer(["no", "yes"], np.array([[0.9, 0.1], [0.2, 0.8]]))
    golden = golden_answers(toy, scorer, frame)
    assert scorer.seen == list(toy.schema.names)
    assert [set(record) for record in golden.records] == [set(toy.schema.names)] * 2
    assert golden.records[1]["note"] is None
    assert golden.decisions == ("no", "yes")
    assert golden.probabilities == ((0.9, 0.1), (0.2, 0.8))


def test_a_regression_has_no_probabilities(toy_regression, toy_days_rows):
    frame = to_frame(toy_days_rows(2), toy_regression.schema)
    golden = golden_answers(toy_regression, Scorer([1.5, 2.5], None), frame)
    assert (golden.decisions, golden.probabilities) == ((1.5, 2.5), None)
