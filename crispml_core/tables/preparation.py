"""The preparation of a use case on a frame: the one code that training and scoring both run."""

from __future__ import annotations

from typing import Any

import pandas as pd

from crispml_core.domain.errors import UseCaseError, describe_failure
from crispml_core.domain.identifiers import FIELD_NAME, RESERVED_PREFIX
from crispml_core.domain.use_case import UseCase
from crispml_core.tables.columns import evaluate


def prepare(use_case: UseCase, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the prepared records, with the same rows in the same order.

    A function of the use case gets a copy without the target: scoring has no target either, and
    what it cannot see it cannot leak into a derived field. Where the target is present it comes
    back as the last column.

    Parameters
    ----------
    use_case : UseCase
        Declares the preparation.
    frame : pandas.DataFrame
        Raw records that keep the record schema, see `crispml_core.tables.frames.to_frame`.

    Raises
    ------
    UseCaseError
        If the function raises, changes its input, the rows, their order or a field of the record,
        or returns a column that must not be there.
    """
    if callable(use_case.prepare):
        return _call(use_case, frame)
    prepared = frame.copy(deep=False)
    for step in use_case.derived:
        values = evaluate(step.expression, prepared)
        dtype = "str" if values.dtype == object else values.dtype
        prepared[step.name] = pd.Series(values, index=prepared.index, dtype=dtype)
    return prepared


def _call(use_case: UseCase, frame: pd.DataFrame) -> pd.DataFrame:
    target = use_case.target.name
    records = frame.drop(columns=target, errors="ignore")
    # Deep: pandas copies on write, but lets `series.array` write through to what is shared.
    given = records.copy()
    try:
        prepared = use_case.prepare(given)  # type: ignore[operator]
    except Exception as error:
        raise UseCaseError(use_case.name, "prepare", describe_failure(error)) from error
    reason = _objection(use_case, records, given, prepared)
    if reason:
        raise UseCaseError(use_case.name, "prepare", reason)
    if target in frame:
        prepared = prepared.assign(**{target: frame[target]})
    result: pd.DataFrame = prepared
    return result


def _objection(
    use_case: UseCase, records: pd.DataFrame, given: pd.DataFrame, prepared: Any
) -> str | None:
    """Return what the function did that it must not do, or None."""
    key = use_case.record_key
    if not isinstance(prepared, pd.DataFrame):
        return f"must return a pandas DataFrame, not {type(prepared).__name__}"
    if list(given.columns) != list(records.columns) or not given.equals(records):
        return "changes its input; work on frame.copy() or use frame.assign(...)"
    if len(prepared) != len(records):
        return f"returns {len(prepared)} rows for {len(records)}; it must keep every row"
    if not prepared.index.equals(records.index):
        return "changes the order or the index of the rows; it must keep both"
    if not prepared.columns.is_unique:
        return "returns two columns of the same name"
    for name in prepared.columns:
        if not isinstance(name, str) or not FIELD_NAME.fullmatch(name):
            return f"returns the column {name!r}; names must match {FIELD_NAME.pattern}"
        if name.startswith(RESERVED_PREFIX):
            return f"returns the column {name!r}; names must not start with {RESERVED_PREFIX}"
    if use_case.target.name in prepared:
        return f"returns a column named {use_case.target.name}, which is the target"
    if key not in prepared or not prepared[key].equals(records[key]):
        return f"changes the record key {key}; it must come back as it was"
    for name in records.columns:
        # As declared steps do. The `test` records of a prepared data set can be scored again.
        if name not in prepared or not prepared[name].equals(records[name]):
            return f"changes or drops the field {name}; keep it and add a derived one beside it"
    return None
