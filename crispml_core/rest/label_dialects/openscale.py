"""Feedback records of Watson OpenScale: columns by name, with the truth among the features.

::

    {"fields": ["age", "risk", "transaction_id"], "values": [[41, "good", "…"], …]}

or a list of such objects. The label is in the column of the target. What it is about is in
``scoring_id`` or ``transaction_id`` (see `crispml_core.rest.label_dialects.naming`), or in the
column of the record key or ``record_id``. ``record_timestamp`` is when it was known. The features
are not looked at: they came with the score.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crispml_core.domain.errors import Problem
from crispml_core.rest.label_dialects.naming import named

_IDS = ("scoring_id", "transaction_id")
_RECORD, _TIME = "record_id", "record_timestamp"
_SHAPE = "feedback is an object with fields, a list of names, and values, a list of rows"


def is_feedback(value: Any) -> bool:
    """Return whether a JSON value looks like feedback."""
    return isinstance(value, dict) and "fields" in value and "values" in value


def label_rows(value: Any, target: str, record_key: str) -> list[dict[str, Any] | Problem]:
    """Return the label rows of one feedback object, or what is wrong with them.

    Parameters
    ----------
    target, record_key : str
        Names of the columns of the truth and of the business key.
    """
    names, values = (value.get("fields"), value.get("values")) if is_feedback(value) else (0, 0)
    if not isinstance(names, list) or not isinstance(values, list):
        return [Problem("dialect", _SHAPE, "fields")]
    if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        return [Problem("dialect", "fields must be different names", "fields")]
    if target not in names:
        return [Problem("dialect", "fields has not the column of the target", "fields")]
    keys = [name for name in (*_IDS, record_key, _RECORD) if name in names]
    if not keys:
        wanted = ", ".join(dict.fromkeys((*_IDS, record_key, _RECORD)))
        return [Problem("dialect", f"fields needs one of: {wanted}", "fields")]
    return [_row(names, keys, row, target) for row in values]


def _row(
    names: Sequence[str], keys: Sequence[str], row: Any, target: str
) -> dict[str, Any] | Problem:
    if not isinstance(row, list) or len(row) != len(names):
        return Problem("dialect", "a row of values needs as many cells as there are fields", None)
    cells = dict(zip(names, row, strict=True))
    key = next((name for name in keys if cells[name] is not None), keys[0])
    about = named(cells[key]) if key in _IDS else {"record_key": cells[key]}
    time = {"label_time": cells[_TIME]} if cells.get(_TIME) is not None else {}
    return {**about, "label": cells[target], **time}
