"""Ground truth records of SageMaker Model Monitor: one JSON object per line.

::

    {"groundTruthData": {"data": "1", "encoding": "CSV"},
     "eventMetadata": {"eventId": "…"}, "eventVersion": "0"}

The data are the label alone. ``inferenceId``, which the caller chose, counts before ``eventId``;
see the page "Ingest Ground Truth labels and merge them with predictions" of its manual.
"""

from __future__ import annotations

import csv
from typing import Any

from crispml_core.domain.errors import CrispMLError, Problem
from crispml_core.rest.label_dialects.naming import named
from crispml_core.rest.strict_json import parse_json

_DATA, _META = "groundTruthData", "eventMetadata"


def is_ground_truth(value: Any) -> bool:
    """Return whether a JSON value looks like such a record."""
    return isinstance(value, dict) and _DATA in value


def label_row(value: Any) -> dict[str, Any] | Problem:
    """Return the label row of a record, or what is wrong with it."""
    if not is_ground_truth(value):
        return Problem("dialect", f"a record is an object with {_DATA} and {_META}", _DATA)
    truth, meta = value[_DATA], value.get(_META)
    if not isinstance(truth, dict) or not isinstance(truth.get("data"), str):
        return Problem("dialect", f"{_DATA} needs data as text, and encoding", _DATA)
    if not isinstance(meta, dict):
        return Problem("dialect", f"{_META} needs an eventId or an inferenceId", _META)
    identifier = meta.get("inferenceId", meta.get("eventId"))
    if not isinstance(identifier, str) or not identifier:
        return Problem("dialect", f"{_META} needs an eventId or an inferenceId", _META)
    label = _label(truth["data"], str(truth.get("encoding", "CSV")).upper())
    if isinstance(label, Problem):
        return label
    return {**named(identifier), "label": label}


def _label(data: str, encoding: str) -> Any:
    if encoding == "CSV":
        try:
            cells = next(csv.reader([data.strip("\r\n")]), [])
        except csv.Error:  # a line break inside, or more than the reader takes
            cells = []
        if len(cells) != 1:
            return Problem("dialect", "data must be the label alone, one cell of CSV", _DATA)
        return cells[0].strip()
    if encoding == "JSON":
        try:
            return parse_json(data.encode())
        except CrispMLError:
            return Problem("dialect", "data is not JSON, as its encoding says", _DATA)
    return Problem("dialect", "encoding must be CSV or JSON", _DATA)
