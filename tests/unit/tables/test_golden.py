"""Golden answers hold the raw inputs and what the model said to them."""

from types import SimpleNamespace

import pytest

from crispml_core.domain.errors import InvalidRecords
from crispml_core.ports.scorer import Answers
from crispml_core.tables.frames import to_frame
from crispml_core.tables.golden import golden_answers
from crispml_core.tables.json_rows import to_records


def scorer(*answers):
    seen = []
    return SimpleNamespace(
        seen=seen, answer_rows=lambda rows: seen.extend(rows) or Answers(*answers)
    )


@pytest.fixture
def two(toy, toy_rows):
    return to_records(to_frame(toy_rows(2), toy.schema), toy.schema)


def test_the_model_sees_plain_values_in_the_order_of_the_schema(toy, two):
    model = scorer(["no", "yes"], [0.1, 0.8], ["{}", "{}"])
    golden = golden_answers(toy, model, two)
    assert model.seen == [tuple(record[name] for name in toy.schema.names) for record in two]
    assert golden.records == tuple(two)
    assert golden.decisions == ("no", "yes")
    assert golden.probabilities == ((0.9, 0.1), (pytest.approx(0.2), 0.8))


def test_every_class_of_a_multiclass_model_is_kept(toy, two):
    by_class = [(0.5, 0.3, 0.2), (0.1, 0.2, 0.7)]
    model = scorer(["a", "c"], [0.5, 0.7], ["{}", "{}"], by_class)
    assert golden_answers(toy, model, two).probabilities == tuple(by_class)


def test_a_regression_has_no_probabilities(toy, two):
    golden = golden_answers(toy, scorer([1.5, 2.5], [None, None], ["{}", "{}"]), two)
    assert (golden.decisions, golden.probabilities) == ((1.5, 2.5), None)


def test_a_record_that_breaks_the_schema_is_refused(toy, two):
    with pytest.raises(InvalidRecords, match="amount"):
        golden_answers(toy, scorer(), [two[0] | {"amount": "much"}])
