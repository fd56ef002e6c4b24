"""The group of every record in each segment of a use case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from crispml_core.domain.errors import UseCaseError, did_you_mean
from crispml_core.domain.expressions import Kind
from crispml_core.domain.targets import Segment
from crispml_core.domain.use_case import UseCase


def segment_groups(use_case: UseCase, prepared: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the group of each record, by segment, as text.

    Groups are those of `Segment.group_of` on the plain value of the field: a nullable integer that
    pandas keeps as 5.0 is in the group ``5``.

    Parameters
    ----------
    use_case : UseCase
        Declares the segments.
    prepared : pandas.DataFrame
        Prepared records, see `crispml_core.tables.preparation.prepare`.

    Raises
    ------
    UseCaseError
        If a preparation by a function gives no such field, or no number where there are bins.
    """
    return {segment.name: _of_segment(use_case, segment, prepared) for segment in use_case.segments}


def groups_of_texts(segments: Sequence[str], texts: Sequence[str | None]) -> dict[str, np.ndarray]:
    """Return the group of each record, by segment, from the JSON objects that scores have.

    Parameters
    ----------
    segments : sequence of str
        Names of the segments; in a score that lacks one its group is ``missing``.
    texts : sequence of str or None
        One JSON object per score; few are different.
    """
    codes = {text: code for code, text in enumerate(dict.fromkeys(texts))}
    known = [msgspec.json.decode(text) if text else {} for text in codes]
    places = np.fromiter(map(codes.__getitem__, texts), np.int64, len(texts))
    return {
        segment: np.array([str(groups.get(segment, "missing")) for groups in known], dtype=object)[
            places
        ]
        for segment in segments
    }


def _of_segment(use_case: UseCase, segment: Segment, prepared: pd.DataFrame) -> np.ndarray:
    step = f"segment {segment.name}"
    if segment.field not in prepared:
        guess = did_you_mean(segment.field, prepared.columns)
        reason = f"the preparation gives no field {segment.field}{guess}"
        raise UseCaseError(use_case.name, step, reason)
    series = prepared[segment.field]
    if segment.bins and not pd.api.types.is_numeric_dtype(series.dtype):
        reason = f"the field {segment.field} is not a number, so it can have no bins"
        raise UseCaseError(use_case.name, step, reason)
    return _groups(use_case, segment, series)


def _groups(use_case: UseCase, segment: Segment, series: pd.Series) -> np.ndarray:
    codes, values = pd.factorize(series, use_na_sentinel=True)
    plain = _plainer(use_case, segment.field)
    # The group of a missing value is last, where the code -1 finds it.
    names = [segment.group_of(plain(value)) for value in values] + [segment.group_of(None)]
    return np.array(names, dtype=object)[codes]


def _plainer(use_case: UseCase, name: str) -> Any:
    """Return the function that undoes what pandas does to a nullable integer or truth value."""
    if name in use_case.schema and use_case.schema[name].type == "integer":
        return int
    if use_case.kinds.get(name) is Kind.TRUTH:
        return bool
    return lambda value: value.item() if isinstance(value, np.generic) else value
