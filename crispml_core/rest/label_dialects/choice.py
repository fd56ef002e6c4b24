"""Which dialect a JSON body of labels speaks: what the caller says, or else what it looks like.

No label of our own can look like another dialect, because its entries have other names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Literal

from crispml_core.domain.errors import InvalidRecords, Problem
from crispml_core.domain.use_case import UseCase
from crispml_core.rest.label_dialects import openscale, sagemaker
from crispml_core.tables.label_size import BATCH_ROWS

Dialect = Literal["crispml", "sagemaker", "openscale"]


class LabelRowsOf:
    """Turns the JSON values of a body into label rows.

    Parameters
    ----------
    use_case : UseCase
        Names the target and the record key.
    dialect : str or None
        None to decide by the first value.
    """

    def __init__(self, use_case: UseCase, dialect: Dialect | None) -> None:
        self._target = use_case.target
        self._record_key = use_case.schema.record_key
        self._dialect = dialect

    def parts(self, parts: Iterable[list[Any]]) -> Iterator[list[Any]]:
        """Yield label rows in parts of at most some thousand.

        Raises
        ------
        InvalidRecords
            If a value has not the shape of its dialect; it names the row.
        """
        first_row, dialect = 0, self._dialect
        for values in parts:
            if dialect is None and values:
                dialect = _looks_like(values[0])
            rows = iter(
                values if dialect in (None, "crispml") else self._converted(dialect, values)
            )
            while some := list(islice(rows, BATCH_ROWS)):
                yield _checked(some, first_row)
                first_row += len(some)

    def _converted(self, dialect: str, values: list[Any]) -> Iterator[Any]:
        convert: Callable[[Any], list[Any]] = (
            (lambda value: [sagemaker.label_row(value)])
            if dialect == "sagemaker"
            else (lambda value: openscale.label_rows(value, self._target.name, self._record_key))
        )
        is_number = not self._target.is_classification
        for value in values:
            for row in convert(value):
                yield _with_number(row) if is_number else row


def _looks_like(value: Any) -> Dialect:
    if sagemaker.is_ground_truth(value):
        return "sagemaker"
    return "openscale" if openscale.is_feedback(value) else "crispml"


def _with_number(row: Any) -> Any:
    """Return a row whose label is a number where it was the text of one."""
    if isinstance(row, dict) and isinstance(row.get("label"), str):
        try:
            return {**row, "label": float(row["label"])}
        except ValueError:
            return row
    return row


def _checked(rows: list[Any], first_row: int) -> list[Any]:
    wrong = [
        Problem(row.rule, row.message, row.field, number)
        for number, row in enumerate(rows, start=first_row)
        if isinstance(row, Problem)
    ]
    if wrong:
        raise InvalidRecords(wrong)
    return rows
