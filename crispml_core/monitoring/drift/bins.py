"""The cells that the values of one field are counted in; fixed when a model is persisted.

Values come as Arrow arrays, as numpy arrays or as lists. A process that scores record by record
counts lists, and loads no Arrow for them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np

Kind = Literal["number", "category", "presence"]

BINS = 20
MOST_VALUES = 200
# A bin holds so many values of the reference or more, so that a test has something to compare.
_LEAST_IN_BIN = 5
# Sums of standardised values are kept in whole steps of 2**-16, so that adding them is exact in
# any order; a value counts as at most 100 standard deviations away.
SCALE = 1 << 16
FARTHEST = 100.0
_TRUTHS = ("false", "true")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """The cells of one field.

    ``number``: ``under, bin 1 … bin B, over, missing, sum, squares``. Bin 1 is ``[minimum,
    uppers[0]]``, bin j ``(uppers[j-2], uppers[j-1]]``; the last upper edge is the largest value of
    the reference. ``sum`` and ``squares`` are of the values minus `mean` over `sd`, in steps of
    1 / `SCALE`.

    ``category``: ``values …, unknown, missing``. Every value of the reference has a cell, and
    unknown is what the reference does not have. A cell for the rare ones would bias every test:
    which values are frequent would be chosen by the counts that are tested.

    ``presence``: ``present, missing``; of fields whose values say nothing, for example moments.
    """

    kind: Kind
    minimum: float = 0.0
    uppers: tuple[float, ...] = ()
    mean: float = 0.0
    sd: float = 1.0
    values: tuple[str, ...] = ()

    @property
    def cells(self) -> int:
        """How many cells count records."""
        match self.kind:
            case "number":
                return len(self.uppers) + 3
            case "category":
                return len(self.values) + 2
        return 2

    @property
    def width(self) -> int:
        """How many numbers the counts of the field have."""
        return self.cells + (2 if self.kind == "number" else 0)

    @property
    def names(self) -> tuple[str, ...]:
        """What the cells are called, for readers."""
        match self.kind:
            case "number":
                edges = [f"{edge:g}" for edge in (self.minimum, *self.uppers)]
                inner = [f"({low}, {high}]" for low, high in pairwise(edges)]
                inner[0] = "[" + inner[0][1:]
                return (f"< {edges[0]}", *inner, f"> {edges[-1]}", "missing")
            case "category":
                return (*self.values, "(unknown)", "missing")
        return ("present", "missing")


PRESENCE = Bins(kind="presence")


def fit_numbers(values: Any, *, bins: int = BINS) -> Bins:
    """Return bins of about equal mass in a reference.

    Parameters
    ----------
    values : array_like
        Numbers; None and NaN are missing. Without any number only presence is counted.
    bins : int
        Most bins; there are fewer where values repeat or are few.
    """
    numbers = _numbers(values)
    numbers = np.sort(numbers[np.isfinite(numbers)])
    count = len(numbers)
    if not count:
        return PRESENCE
    bins = max(1, min(bins, count // _LEAST_IN_BIN))
    last = np.ceil(count * np.arange(1, bins + 1) / bins).astype(int) - 1
    return Bins(
        kind="number",
        minimum=float(numbers[0]),
        uppers=tuple(np.unique(numbers[last]).tolist()),
        mean=float(numbers.mean()),
        sd=float(numbers.std()) or 1.0,
    )


def fit_categories(values: Any) -> Bins:
    """Return a cell for each value of a reference, the most frequent first.

    Parameters
    ----------
    values : array_like
        Texts or truth values; None is missing. With more than `MOST_VALUES` different ones, or
        fewer than five records for each on average, they are no categories but texts about single
        records: only presence is counted.
    """
    counted = Counter(value for value in _texts(values) if value is not None)
    most = min(MOST_VALUES, counted.total() // _LEAST_IN_BIN)
    if not counted or len(counted) > most:
        return PRESENCE
    order = sorted(counted, key=lambda value: (-counted[value], value))
    return Bins(kind="category", values=tuple(order))


def cell_codes(bins: Bins, values: Any) -> np.ndarray:
    """Return the cell of each value.

    Returns
    -------
    ndarray of shape (n,)
        Positions in `Bins.names`.
    """
    if bins.kind == "number":
        return _number_codes(bins, _numbers(values))
    if bins.kind == "category":
        return _category_codes(bins, _texts(values))
    is_missing = (value is None or value != value for value in _listed(values))
    return np.fromiter(is_missing, np.int64, len(values))


def moments(bins: Bins, values: Any) -> np.ndarray:
    """Return the standardised values and their squares in steps, shape (2, n); 0 where missing."""
    numbers = _numbers(values)
    away = np.nan_to_num((numbers - bins.mean) / bins.sd, nan=0.0)
    away = np.clip(away, -FARTHEST, FARTHEST)
    return np.rint(np.stack([away, away * away]) * SCALE).astype(np.int64)


def _number_codes(bins: Bins, numbers: np.ndarray) -> np.ndarray:
    codes = np.searchsorted(bins.uppers, numbers, side="left") + 1
    codes[numbers < bins.minimum] = 0
    codes[np.isnan(numbers)] = bins.cells - 1
    return codes


def _category_codes(bins: Bins, texts: list[str | None]) -> np.ndarray:
    unknown = len(bins.values)
    codes: dict[str | None, int] = {value: code for code, value in enumerate(bins.values)}
    codes[None] = unknown + 1
    found = [codes.get(text, unknown) for text in texts]
    return np.array(found, dtype=np.int64)


def _numbers(values: Any) -> np.ndarray:
    if isinstance(values, np.ndarray) and values.dtype == np.float64:
        return values
    if _is_arrow(values):
        import pyarrow as pa

        numbers: np.ndarray = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return numbers
    return np.array(list(values), dtype=np.float64)  # None becomes NaN


def _texts(values: Any) -> list[str | None]:
    """Return texts, truth values as ``true`` and ``false``."""
    listed = _listed(values)
    first = next((value for value in listed if value is not None), None)
    if isinstance(first, str):
        return [None if value != value else value for value in listed]
    return [None if value is None or value != value else _TRUTHS[bool(value)] for value in listed]


def _listed(values: Any) -> list[Any]:
    return values.to_pylist() if _is_arrow(values) else list(values)


def _is_arrow(values: Any) -> bool:
    return hasattr(values, "to_pylist")
