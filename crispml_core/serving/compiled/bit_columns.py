"""What the value of one prepared field leaves of the leaves of all trees."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from crispml_core.serving.compiled.curation import ByValue, known_values
from crispml_core.serving.compiled.masks import ColumnMasks
from crispml_core.serving.compiled.tree_cells import TreeCell

if TYPE_CHECKING:
    from crispml_core.serving.compiled.columns import PreparedColumns

Finder = Callable[[Any], int]


class BitColumn:
    """What one curated column leaves.

    Parameters
    ----------
    cell : TreeCell
        What the trees see of the column.
    masks : ColumnMasks
        What its values leave.
    """

    def __init__(self, cell: TreeCell, masks: ColumnMasks) -> None:
        self.cell, self.masks = cell, masks
        self.column = cell.column

    def finder(self) -> Finder:
        """Return the function from a value of the field to the leaves it leaves."""
        above, categories = _integers(self.masks.above), _integers(self.masks.categories)
        thresholds = self.masks.thresholds.tolist()
        missing = _integer(self.masks.missing)
        cell = self.cell.of_value

        def find(value: Any) -> int:
            number = cell(value)
            if number != number:
                return missing
            return categories[int(number)] if categories else above[bisect_left(thresholds, number)]

        def find_plain(value: Any) -> int:
            return missing if value is None else above[bisect_left(thresholds, value)]

        return find_plain if self.is_plain else find

    @property
    def is_plain(self) -> bool:
        """Whether a value is compared with the thresholds as it is."""
        as_it_is = not self.column.steps and self.column.lookup is None
        changes = self.cell.rounds or not self.cell.allows_missing or len(self.masks.categories)
        return as_it_is and not changes

    def places(self, numbers: np.ndarray) -> np.ndarray:
        """Return the row of `table` for each value that the trees see."""
        is_missing = np.isnan(numbers)
        if len(self.masks.categories):
            places = len(self.masks.above) + np.where(is_missing, 0, numbers).astype(np.intp)
        else:
            places = np.searchsorted(self.masks.thresholds, numbers, side="left")
        places[is_missing] = -1
        return places

    def table(self) -> np.ndarray:
        """Return all masks, one a row; the last is that of a missing value."""
        return np.vstack([self.masks.above, self.masks.categories, self.masks.missing])


class BitField:
    """All curated columns of one prepared field."""

    def __init__(self, columns: list[BitColumn]) -> None:
        self._columns = columns
        self._source, self._is_text = columns[0].column.source, columns[0].column.is_text
        self._tables: list[np.ndarray] | None = None

    @property
    def size_bytes(self) -> int:
        """Roughly how much memory the masks take."""
        return sum(one.masks.above.nbytes + one.masks.categories.nbytes for one in self._columns)

    def finder(self) -> Finder:
        """Return the function from a value of the field to the leaves it leaves."""
        finders = [column.finder() for column in self._columns]

        def find(value: Any) -> int:
            left = finders[0](value)
            for one in finders[1:]:
                left &= one(value)
            return left

        if len(finders) == 1 and self._columns[0].is_plain:
            return finders[0]
        known = known_values([one.column for one in self._columns], find) if self._is_text else {}
        return ByValue(known, find).__getitem__

    def rows_of(self, columns: PreparedColumns) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return tables of masks and, for each record of a batch, its row in each of them."""
        if self._is_text:
            return [self._text_rows(columns)]
        if self._tables is None:
            self._tables = [one.table() for one in self._columns]
        return [
            (table, one.places(one.cell.of_columns(columns)))
            for table, one in zip(self._tables, self._columns, strict=True)
        ]

    def _text_rows(self, columns: PreparedColumns) -> tuple[np.ndarray, np.ndarray]:
        """Combine the masks of all columns for each text first, then there is one row a record."""
        found = columns.texts(self._source)
        # Only what occurs is asked for: the curation may refuse the rest of a dictionary.
        occurs = np.bincount(found.codes, minlength=len(found.values)) > 0
        texts = [found.values[code] for code in np.flatnonzero(occurs)]
        left: np.ndarray | None = None
        for one in self._columns:
            masks = one.table()[one.places(np.array([one.cell.of_value(text) for text in texts]))]
            left = masks if left is None else left & masks
        assert left is not None
        return left, (np.cumsum(occurs) - 1)[found.codes]


def _integers(table: np.ndarray) -> list[int]:
    return [_integer(row) for row in table]


def _integer(row: np.ndarray) -> int:
    return int.from_bytes(row.tobytes(), "little")
