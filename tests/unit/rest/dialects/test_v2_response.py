"""Inference answers and metadata of the Open Inference Protocol V2."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.scores import score_id
from crispml_core.rest.dialects.columns import ColumnReader
from crispml_core.rest.dialects.v2 import (
    IndexEntry,
    model_metadata,
    repository_index,
    server_metadata,
)
from crispml_core.rest.dialects.v2_request import InferRequest, read_request
from crispml_core.rest.dialects.v2_response import check_outputs, infer_response
from crispml_core.serving.scored import Scored

Make = Callable[..., Scored]


def asked(**members: Any) -> InferRequest:
    inputs = [{"name": "key", "shape": [1], "datatype": "BYTES", "data": ["a"]}]
    return read_request(json.dumps({"inputs": inputs, **members}).encode())


def answer(scored: Scored, request: InferRequest) -> dict[str, Any]:
    body, headers = infer_response(scored, request, "toy")
    assert headers == [(b"content-type", b"application/json")]
    document: dict[str, Any] = json.loads(body)
    return document


def test_an_answer_has_the_shape_of_the_protocol(scored: Make) -> None:
    scores = scored(2)
    assert answer(scores, asked(id="request-7")) == {
        "model_name": "toy",
        "model_version": scores.version,
        "id": "request-7",
        "parameters": {
            "first_score_id": score_id(scores.group_id, 0),
            "group_id": scores.group_id,
            "rows": 2,
            "durability": "database",
            "fallback": False,
        },
        "outputs": [
            {
                "name": "predict",
                "shape": [2, 1],
                "datatype": "BYTES",
                "parameters": {"content_type": "str"},
                "data": ["no", "yes"],
            },
            {"name": "probability", "shape": [2, 1], "datatype": "FP64", "data": [0.2, 0.4]},
        ],
    }


def test_one_record_gets_its_score_id_and_no_id_is_made_up(scored: Make) -> None:
    scores = scored(1, offset=9)
    document = answer(scores, asked())
    assert document["parameters"]["score_id"] == score_id(scores.group_id, 9)
    assert "id" not in document


def test_outputs_come_as_they_were_asked_for(scored: Make) -> None:
    scores = scored(2, classes=("a", "b", "c"))
    outputs = [{"name": name} for name in ("score_id", "predict_proba", "predict")]
    found = answer(scores, asked(outputs=outputs))["outputs"]
    assert [output["name"] for output in found] == ["score_id", "predict_proba", "predict"]
    assert found[0]["data"] == scores.score_ids()
    assert found[1]["shape"] == [2, 3]
    assert found[1]["data"] == [0.2, 0.8, 0.0, 0.4, 0.6, 0.0]


def test_a_binary_model_gives_both_probabilities(scored: Make) -> None:
    (found,) = answer(scored(1), asked(outputs=[{"name": "predict_proba"}]))["outputs"]
    assert (found["shape"], found["data"]) == ([1, 2], [0.75, 0.25])


def test_reasons_and_intervals_are_an_output_when_they_were_asked_for(scored: Make) -> None:
    scores = scored(2)
    scores.scores.details = ['{"interval":{"level":0.9}}', None]
    outputs = answer(scores, asked())["outputs"]
    assert [output["name"] for output in outputs] == ["predict", "probability", "details"]
    assert outputs[2]["data"] == ['{"interval":{"level":0.9}}', "{}"]
    assert outputs[2]["datatype"] == "BYTES"
    (found,) = answer(scored(2), asked(outputs=[{"name": "details"}]))["outputs"]
    assert found["data"] == ["{}", "{}"]


def test_a_regression_predicts_numbers_and_nothing_else(scored: Make) -> None:
    scores = scored(2, classes=())
    (found,) = answer(scores, asked())["outputs"]
    assert (found["datatype"], found["data"]) == ("FP64", [0.0, 1 / 7])
    with pytest.raises(InvalidInput, match="output number 1 must be one of predict, score_id"):
        check_outputs(asked(outputs=[{"name": "probability"}]), ())


def test_binary_outputs_lie_behind_the_json_in_order(scored: Make) -> None:
    scores = scored(2)
    outputs = [{"name": "predict"}, {"name": "probability"}, {"name": "score_id"}]
    outputs[1]["parameters"] = {"binary_data": False}  # type: ignore[assignment]
    request = asked(outputs=outputs, parameters={"binary_data_output": True})
    body, headers = infer_response(scores, request, "toy")
    length = int(dict(headers)[b"inference-header-content-length"])
    assert dict(headers)[b"content-type"] == b"application/octet-stream"
    found = json.loads(body[:length])["outputs"]
    assert found[1]["data"] == [0.2, 0.4]
    sizes = [found[place]["parameters"]["binary_data_size"] for place in (0, 2)]
    predict, ids = body[length : length + sizes[0]], body[length + sizes[0] :]
    assert predict == b"\2\0\0\0no\3\0\0\0yes"
    assert len(ids) == sizes[1]
    assert ids == b"".join(b"\x24\0\0\0" + each.encode() for each in scores.score_ids())


def test_numbers_are_binary_when_their_output_says_so(scored: Make) -> None:
    outputs = [{"name": "probability", "parameters": {"binary_data": True}}]
    body, headers = infer_response(scored(3), asked(outputs=outputs), "toy")
    length = int(dict(headers)[b"inference-header-content-length"])
    assert np.frombuffer(body[length:], "<f8").tolist() == [1 / 6, 2 / 6, 3 / 6]


def test_metadata_come_from_the_record_schema(reader: ColumnReader) -> None:
    document = json.loads(model_metadata("toy", ["v1"], reader.schema, ("no", "yes")))
    kinds = {each["name"]: each["datatype"] for each in document["inputs"]}
    assert kinds == {
        "key": "BYTES",
        "amount": "FP64",
        "items": "INT64",
        "channel": "BYTES",
        "paid": "BOOL",
        "since": "BYTES",
        "seen": "BYTES",
    }
    assert {tuple(each["shape"]) for each in document["inputs"]} == {(-1, 1)}
    outputs = {each["name"]: (each["datatype"], each["shape"]) for each in document["outputs"]}
    assert outputs == {
        "predict": ("BYTES", [-1, 1]),
        "probability": ("FP64", [-1, 1]),
        "predict_proba": ("FP64", [-1, 2]),
        "score_id": ("BYTES", [-1, 1]),
        "details": ("BYTES", [-1, 1]),
        "version": ("BYTES", [-1, 1]),
    }


def test_metadata_and_answers_agree(scored: Make, reader: ColumnReader) -> None:
    for classes in (("no", "yes"), ("a", "b", "c"), ()):
        declared = json.loads(model_metadata("toy", [], reader.schema, classes))["outputs"]
        outputs = [{"name": each["name"]} for each in declared]
        given = answer(scored(4, classes), asked(outputs=outputs))["outputs"]
        for promised, output in zip(declared, given, strict=True):
            assert output["datatype"] == promised["datatype"]
            assert output["shape"] == [4, promised["shape"][1]]


def test_the_server_says_what_it_can() -> None:
    document = json.loads(server_metadata("crispml", "1.0"))
    assert document["extensions"] == ["binary_tensor_data", "model_repository"]


def test_the_index_lists_versions_with_their_state() -> None:
    entries = [IndexEntry("a", "v1", "READY"), IndexEntry("a", "v2", "UNAVAILABLE", "is damaged")]
    assert json.loads(repository_index(entries))[1] == {
        "name": "a",
        "version": "v2",
        "state": "UNAVAILABLE",
        "reason": "is damaged",
    }
    assert len(json.loads(repository_index(entries, only_ready=True))) == 1
