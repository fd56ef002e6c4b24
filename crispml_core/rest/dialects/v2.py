"""What a server of the Open Inference Protocol V2 says about itself and its models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from crispml_core.domain.fields import RecordSchema
from crispml_core.rest.dialects.v2_response import (
    DETAILS,
    PREDICT,
    PREDICT_PROBA,
    SCORE_ID,
    VERSION,
    output_names,
)

EXTENSIONS = ("binary_tensor_data", "model_repository")

_DATATYPES = {"integer": "INT64", "number": "FP64", "boolean": "BOOL"}

_encode = msgspec.json.Encoder().encode


def server_metadata(name: str, version: str) -> bytes:
    """Return the answer of ``GET /v2``."""
    return _encode({"name": name, "version": version, "extensions": EXTENSIONS})


def server_live() -> bytes:
    """Return the answer of ``GET /v2/health/live``."""
    return _encode({"live": True})


def server_ready(is_ready: bool) -> bytes:
    """Return the answer of ``GET /v2/health/ready``; its status says the same."""
    return _encode({"ready": is_ready})


def model_ready(name: str, is_ready: bool) -> bytes:
    """Return the answer of ``GET /v2/models/{name}/ready``; its status says the same."""
    return _encode({"name": name, "ready": is_ready})


def model_metadata(
    name: str, versions: Sequence[str], schema: RecordSchema, classes: tuple[str, ...]
) -> bytes:
    """Return the answer of ``GET /v2/models/{name}``: an input per field, and the outputs.

    Parameters
    ----------
    name : str
        The model.
    versions : sequence of str
        Those that can be asked.
    schema : RecordSchema
        What a record is. Text, categories, dates and moments are BYTES.
    classes : tuple of str
        Empty for regression.
    """
    inputs = [
        {"name": field.name, "datatype": _DATATYPES.get(field.type, "BYTES"), "shape": [-1, 1]}
        for field in schema
    ]
    return _encode(
        {
            "name": name,
            "versions": versions,
            "platform": "crispml",
            "inputs": inputs,
            "outputs": [_output(output, classes) for output in output_names(classes)],
        }
    )


def _output(name: str, classes: tuple[str, ...]) -> dict[str, Any]:
    is_text = name in (SCORE_ID, DETAILS, VERSION) or (name == PREDICT and bool(classes))
    width = len(classes) if name == PREDICT_PROBA else 1
    return {"name": name, "datatype": "BYTES" if is_text else "FP64", "shape": [-1, width]}


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One version in the repository index.

    Parameters
    ----------
    state : str
        ``READY``, or ``UNAVAILABLE`` with the reason.
    """

    name: str
    version: str
    state: str
    reason: str = ""


def repository_index(entries: Iterable[IndexEntry], *, only_ready: bool = False) -> bytes:
    """Return the answer of ``POST /v2/repository/index``."""
    return _encode([each for each in entries if not only_ready or each.state == "READY"])
