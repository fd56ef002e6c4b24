"""Fitted encoders to look-ups, by asking the encoder itself about every value it can tell apart.

So whatever rules an encoder has for rare, dropped, unknown and missing values, the look-up has the
same ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from crispml_core.adapters.compilers.symbols import Symbol
from crispml_core.domain.compiled import Lookup

_UNKNOWN = "\x00 none of the known"


def one_hot_lookups(encoder: Any, columns: Sequence[Symbol]) -> list[list[Lookup]]:
    """Return, per column, one look-up for each of the columns it becomes."""
    ends = np.cumsum([0, *encoder._n_features_outs]).tolist()
    return _lookups(encoder, columns, list(pairwise(ends)))


def ordinal_lookups(encoder: Any, columns: Sequence[Symbol]) -> list[Lookup]:
    """Return one look-up per column."""
    places = [(index, index + 1) for index in range(len(columns))]
    return [only for (only,) in _lookups(encoder, columns, places)]


def _lookups(
    encoder: Any, columns: Sequence[Symbol], places: list[tuple[int, int]]
) -> list[list[Lookup]]:
    usual = [_usual(categories) for categories in encoder.categories_]
    made = []
    for index, (first, last) in enumerate(places):
        keys = [key for key in encoder.categories_[index].tolist() if not pd.isna(key)]
        other = _UNKNOWN if not columns[index].is_number else max(keys, default=0.0) + 1.0
        known = _ask(encoder, columns, usual, index, keys) if keys else None
        unknown, missing = (_ask(encoder, columns, usual, index, [one]) for one in (other, np.nan))
        plain = tuple(key if isinstance(key, str) else float(key) for key in keys)
        made.append(
            [
                Lookup(
                    plain,
                    () if known is None else tuple(known[:, place].tolist()),
                    unknown=None if unknown is None else float(unknown[0, place]),
                    missing=None if missing is None else float(missing[0, place]),
                )
                for place in range(first, last)
            ]
        )
    return made


def _usual(categories: np.ndarray) -> Any:
    """Return a value that the encoder surely takes."""
    return next((value for value in categories.tolist() if not pd.isna(value)), np.nan)


def _ask(
    encoder: Any, columns: Sequence[Symbol], usual: list[Any], index: int, values: list[Any]
) -> np.ndarray | None:
    """Return what rows with these values in one column become, None when they are refused."""
    rows = [[*usual[:index], value, *usual[index + 1 :]] for value in values]
    names = getattr(encoder, "feature_names_in_", range(len(columns)))
    frame = pd.DataFrame(
        {
            name: pd.Series(list(cells), dtype="float64" if column.is_number else "str")
            for name, column, cells in zip(names, columns, zip(*rows, strict=True), strict=True)
        }
    )
    asked = frame if hasattr(encoder, "feature_names_in_") else _matrix(frame)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = encoder.transform(asked)
    except ValueError:
        return None
    dense = answer.toarray() if hasattr(answer, "toarray") else np.asarray(answer)
    return dense.astype(np.float64)


def _matrix(frame: pd.DataFrame) -> np.ndarray:
    is_plain = all(dtype == np.float64 for dtype in frame.dtypes)
    return frame.to_numpy(dtype=np.float64 if is_plain else object)
