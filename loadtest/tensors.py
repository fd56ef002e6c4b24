"""Requests and answers of the Open Inference Protocol V2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crispml_core.client import UseCaseInfo

_DATATYPES = {"integer": "INT64", "number": "FP64", "boolean": "BOOL"}
_OUTPUTS = ("score_id", "predict", "version")


def infer_request(use_case: UseCaseInfo, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the request for records that all have the same fields: one tensor for each field."""
    types = {field.name: _DATATYPES.get(field.type, "BYTES") for field in use_case.fields}
    rows = len(records)
    inputs = [
        {
            "name": name,
            "shape": [rows, 1],
            "datatype": _datatype(types.get(name, "BYTES"), values),
            "data": values,
        }
        for name in records[0]
        for values in [[record[name] for record in records]]
    ]
    outputs = [*_OUTPUTS, *(["probability"] if use_case.target.values else [])]
    return {"inputs": inputs, "outputs": [{"name": name} for name in outputs]}


def infer_scores(
    answer: Mapping[str, Any], record_keys: Sequence[Any]
) -> list[tuple[str, str, str | float, float | None, str]]:
    """Return id, record key, prediction, probability and version of each score of an answer."""
    data = {output["name"]: output["data"] for output in answer["outputs"]}
    probabilities = data.get("probability") or [None] * len(record_keys)
    return [
        (score_id, str(key), prediction, probability, version)
        for score_id, key, prediction, probability, version in zip(
            data["score_id"],
            record_keys,
            data["predict"],
            probabilities,
            data["version"],
            strict=True,
        )
    ]


def _datatype(declared: str, values: Sequence[Any]) -> str:
    """Return the datatype of a field, or that of texts where one stands in its place."""
    return "BYTES" if any(isinstance(value, str) for value in values) else declared
