"""Inference answers of the Open Inference Protocol V2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.scores import score_id
from crispml_core.rest.dialects.v2_binary import pack_numbers, pack_texts
from crispml_core.rest.dialects.v2_request import InferRequest
from crispml_core.serving.scored import Scored

PREDICT, PROBABILITY, PREDICT_PROBA, SCORE_ID, DETAILS, VERSION = (
    "predict",
    "probability",
    "predict_proba",
    "score_id",
    "details",
    "version",
)

JSON_HEADERS = [(b"content-type", b"application/json")]

_encode = msgspec.json.Encoder().encode


def output_names(classes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the outputs that a model has; without classes it is a regression."""
    of_classes = (PROBABILITY, PREDICT_PROBA) if classes else ()
    return (PREDICT, *of_classes, SCORE_ID, DETAILS, VERSION)


def check_outputs(request: InferRequest, classes: tuple[str, ...]) -> None:
    """Raise `InvalidInput` if a request wants an output that the model has not.

    Worth calling before the records are scored.
    """
    known = output_names(classes)
    for number, output in enumerate(request.outputs or (), start=1):
        if output.name not in known:
            raise InvalidInput(f"output number {number} must be one of {', '.join(known)}")


def infer_response(
    scored: Scored, request: InferRequest, model_name: str
) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Return the body of an answer and its headers.

    Without requested outputs there are ``predict``, for classes ``probability``, ``details`` if
    reasons or intervals were asked for, and ``version`` where a challenger answers a share of the
    records. An output is binary if its parameter ``binary_data`` says so, or else
    ``binary_data_output`` of the request.

    Returns
    -------
    tuple of bytes and list of (bytes, bytes)
        With binary outputs the headers say how long the JSON is.
    """
    check_outputs(request, scored.classes)
    usual = (request.parameters or {}).get("binary_data_output") is True
    if request.outputs:
        wanted = [(each.name, _is_binary(each.parameters, usual)) for each in request.outputs]
    else:
        default = [PREDICT, *([PROBABILITY] if scored.classes else [])]
        default += [DETAILS] if scored.scores.details is not None else []
        default += [VERSION] if scored.versions is not None else []
        wanted = [(name, usual) for name in default]
    outputs, tails = [], []
    for name, is_binary in wanted:
        datatype, shape, values = _OUTPUTS[name](scored)
        output: dict[str, Any] = {"name": name, "shape": shape, "datatype": datatype}
        if is_binary:
            tail = pack_texts(values) if datatype == "BYTES" else pack_numbers(values)
            output["parameters"] = {"binary_data_size": len(tail)}
            tails.append(tail)
        else:
            if datatype == "BYTES":
                output["parameters"] = {"content_type": "str"}
            output["data"] = values
        outputs.append(output)
    document = {
        "model_name": model_name,
        "model_version": scored.version,
        **({} if request.id is None else {"id": request.id}),
        "parameters": _parameters(scored),
        "outputs": outputs,
    }
    text = _encode(document)
    if not tails:
        return text, JSON_HEADERS
    length = str(len(text)).encode()
    headers = [
        (b"content-type", b"application/octet-stream"),
        (b"inference-header-content-length", length),
    ]
    return b"".join((text, *tails)), headers


def _is_binary(parameters: dict[str, Any] | None, usual: bool) -> bool:
    said = (parameters or {}).get("binary_data")
    return usual if said is None else said is True


def _parameters(scored: Scored) -> dict[str, Any]:
    first = scored.ids[0] if scored.ids else score_id(scored.group_id, scored.offset)
    rows = len(scored.scores)
    many = {"first_score_id": first, "group_id": scored.group_id, "rows": rows}
    return {
        **({"score_id": first} if rows == 1 else many),
        "durability": scored.durability,
        "fallback": scored.fallback,
    }


Output = tuple[str, list[int], list[Any]]


def _predict(scored: Scored) -> Output:
    values = scored.scores.predictions
    return ("BYTES" if scored.classes else "FP64"), [len(values), 1], values


def _probability(scored: Scored) -> Output:
    values = scored.scores.probabilities
    return "FP64", [len(values), 1], values


def _predict_proba(scored: Scored) -> Output:
    rows, classes = scored.scores, len(scored.classes)
    values: list[Any]
    if rows.by_class is not None:
        values = [value for row in rows.by_class for value in row]
    else:
        values = [0.0] * (2 * len(rows))
        values[0::2] = [1.0 - value for value in rows.probabilities if value is not None]
        values[1::2] = rows.probabilities
    return "FP64", [len(rows), classes], values


def _score_ids(scored: Scored) -> Output:
    values = scored.score_ids()
    return "BYTES", [len(values), 1], values


def _versions(scored: Scored) -> Output:
    """Return the version behind each score."""
    values = scored.versions or [scored.version] * len(scored.scores)
    return "BYTES", [len(values), 1], values


def _details(scored: Scored) -> Output:
    """Return reasons and intervals, each row a JSON object."""
    values = [text or "{}" for text in scored.scores.details or [None] * len(scored.scores)]
    return "BYTES", [len(values), 1], values


_OUTPUTS: dict[str, Callable[[Scored], Output]] = {
    PREDICT: _predict,
    PROBABILITY: _probability,
    PREDICT_PROBA: _predict_proba,
    SCORE_ID: _score_ids,
    DETAILS: _details,
    VERSION: _versions,
}
