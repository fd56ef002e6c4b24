"""Records as tensors of the Open Inference Protocol, and its answers as scores."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.fields import RecordSchema
from crispml_core.rest.dialects.columns import ColumnReader
from crispml_core.rest.dialects.v2_request import read_records, read_request
from loadtest.damage import damages
from loadtest.records import Records
from loadtest.tensors import infer_request, infer_scores


@pytest.fixture
def read(use_case):
    """Read a request as the service does."""
    schema = RecordSchema(use_case.fields, use_case.record_key)

    def as_the_service_does(records):
        content = msgspec.json.encode(infer_request(use_case, records))
        return read_records(read_request(content), ColumnReader(schema), 100)

    return as_the_service_does


@pytest.fixture
def drawn(use_case, rows):
    drawing = Records(use_case, rows, Random(0), invalid_share=0, schema_share=0.5)
    return lambda: drawing.valid().values


def test_the_service_reads_the_records_that_were_meant(read, drawn):
    sent = [drawn() for _ in range(3)]
    found = [row[:3] for row in read(sent).rows()]
    assert found == [(one["order_id"], one["amount"], one["items"]) for one in sent]


def test_what_breaks_a_record_breaks_its_tensors(use_case, read, drawn):
    for _, spoil in damages(use_case.fields, use_case.record_key):
        values = drawn()
        spoil(values)
        with pytest.raises(InvalidInput):
            read([values])


def test_scores_are_read_from_an_answer():
    answer = {
        "outputs": [
            {"name": "score_id", "data": ["a", "b"]},
            {"name": "predict", "data": ["yes", "no"]},
            {"name": "probability", "data": [0.7, 0.2]},
            {"name": "version", "data": ["v1", "v2"]},
        ]
    }
    assert infer_scores(answer, [1, "k"]) == [
        ("a", "1", "yes", 0.7, "v1"),
        ("b", "k", "no", 0.2, "v2"),
    ]
    with pytest.raises(ValueError, match="zip"):
        infer_scores(answer, ["k"])
