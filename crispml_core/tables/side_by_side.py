"""Puts the cells of columns side by side, with few passes over the rows.

A pass costs the same whether it copies one byte of each row or fifty, so neighbours become one
column first, as far as that needs no look at the bytes of a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa

from crispml_core.tables.packed_cells import FEW, Cells, Coded, joined


def side_by_side(columns: Iterable[Cells]) -> pa.LargeBinaryArray:
    """Return the cells of each row behind each other; not all columns may be ``bytes``."""
    parts: list[Cells] = []
    for is_fixed, run in groupby(_with_constants(columns), _is_fixed):
        if is_fixed:
            parts.append(_beside(list(run)))
        else:
            parts += _paired(run)
    return joined(*parts)


def _is_fixed(cells: Cells) -> bool:
    return isinstance(cells, bytes | np.ndarray)


def _with_constants(columns: Iterable[Cells]) -> Iterator[Cells]:
    """Join what is the same in all rows, and put it into few different cells behind it."""
    same = b""
    for cells in columns:
        if isinstance(cells, bytes):
            same += cells
            continue
        if same and isinstance(cells, Coded):
            yield Coded([same + entry for entry in cells.entries], cells.codes)
        elif same:
            yield same
            yield cells
        else:
            yield cells
        same = b""
    if same:
        yield same


def _paired(columns: Iterable[Cells]) -> list[Cells]:
    found: list[Cells] = []
    for cells in columns:
        last = found[-1] if found else None
        pairs = (
            _pairs(last, cells) if isinstance(last, Coded) and isinstance(cells, Coded) else None
        )
        if pairs is None:
            found.append(cells)
        else:
            found[-1] = pairs
    return found


def _pairs(first: Coded, second: Coded) -> Coded | None:
    """Return the pairs of neighbours that occur, or None when they are not few."""
    rows, width = len(first.codes), len(second.entries)
    if len(first.entries) * width > rows:
        return None
    codes = first.codes.astype(np.int64) * width + second.codes
    occurs = np.bincount(codes) > 0
    kept = np.flatnonzero(occurs)
    if len(kept) * FEW > rows:
        return None
    entries = [
        first.entries[pair // width] + second.entries[pair % width] for pair in kept.tolist()
    ]
    return Coded(entries, (np.cumsum(occurs) - 1)[codes])


def _beside(parts: list[Any]) -> Cells:
    """Return one column for several whose cells have a fixed size."""
    if len(parts) == 1:
        only: Cells = parts[0]
        return only
    rows = next(len(part) for part in parts if isinstance(part, np.ndarray))
    sizes = [len(part) if isinstance(part, bytes) else part.itemsize for part in parts]
    whole = np.empty(rows, [(f"{place}", f"V{size}") for place, size in enumerate(sizes)])
    for place, part in enumerate(parts):
        whole[f"{place}"] = np.void(part) if isinstance(part, bytes) else part
    return whole.view(f"V{whole.itemsize}")
