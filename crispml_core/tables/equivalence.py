"""Counting the rows that share the values of some columns, batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Groups of that many rows are put together before more are read.
_MERGE_AT = 2_000_000
_ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Cells:
    """The classes of some columns, divided by the values of one more.

    Parameters
    ----------
    starts : numpy.ndarray of int64, shape (classes,)
        Where the cells of each class begin.
    counts : numpy.ndarray of int64, shape (cells,)
        Rows of each cell.
    values : numpy.ndarray of int64, shape (cells,)
        Code of the value that divides, from 0; all 0 where nothing does.
    """

    starts: np.ndarray
    counts: np.ndarray
    values: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """Rows of each class."""
        if not len(self.starts):
            return self.counts
        found: np.ndarray = np.add.reduceat(self.counts, self.starts)
        return found


class EquivalenceClasses:
    """Counts rows by the values that they share; memory grows with the classes, not the rows.

    A missing value is a value like any other, and 0 and -0 are one number.

    Parameters
    ----------
    columns : sequence of str
        Rows that agree in all of them are one class.
    divided_by : str, optional
        The column whose values divide a class into cells.
    """

    def __init__(self, columns: Sequence[str], divided_by: str | None = None) -> None:
        self._columns, self._divided_by = list(columns), divided_by
        self._names = [*columns, *([] if divided_by is None else [divided_by])]
        # By number: a column may have the name of the counts.
        self._keys = [str(position) for position in range(len(self._names))]
        self._groups: list[pa.Table] = []
        self._waiting = self._merged = 0

    def add(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Count the next rows."""
        if not batch.num_rows:
            return
        arrays = [_plain(batch.column(name)) for name in self._names]
        rows = pa.table([*arrays], names=self._keys)
        counted = rows.group_by(self._keys).aggregate([([], "count_all")])
        self._groups.append(counted.rename_columns([*self._keys, _ROWS]))
        self._waiting += counted.num_rows
        if self._waiting > max(_MERGE_AT, 2 * self._merged):
            self._merge()

    def result(self) -> Cells:
        """Return the cells of all rows so far."""
        if not self._groups:
            nothing = np.empty(0, np.int64)
            return Cells(nothing, nothing, nothing)
        self._merge()
        cells = self._groups[0]
        codes = self._codes(cells)
        columns = self._keys[: len(self._columns)]
        # In one thread both lists have the cells in the same order.
        listed = (
            cells.select([*columns, _ROWS])
            .append_column("code", codes)
            .group_by(columns, use_threads=False)
            .aggregate([(_ROWS, "list"), ("code", "list")])
        )
        counts = listed.column(f"{_ROWS}_list").combine_chunks()
        values = listed.column("code_list").combine_chunks()
        return Cells(
            starts=counts.offsets.to_numpy()[:-1].astype(np.int64),
            counts=counts.flatten().to_numpy(),
            values=values.flatten().to_numpy(),
        )

    def _merge(self) -> None:
        """Put equal groups of different batches together."""
        if len(self._groups) > 1:
            whole = pa.concat_tables(self._groups)
            merged = whole.group_by(self._keys).aggregate([(_ROWS, "sum")])
            self._groups = [merged.rename_columns([*self._keys, _ROWS])]
        self._waiting = self._merged = self._groups[0].num_rows

    def _codes(self, cells: pa.Table) -> pa.Array:
        if self._divided_by is None:
            return pa.array(np.zeros(cells.num_rows, np.int64))
        values = cells.column(self._keys[-1]).combine_chunks()
        return values.dictionary_encode(null_encoding="encode").indices.cast(pa.int64())


def _plain(values: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    return pc.add(values, 0.0) if pa.types.is_floating(values.type) else values
