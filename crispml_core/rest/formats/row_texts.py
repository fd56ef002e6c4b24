"""Texts side by side, row by row: what all rows share, columns, and columns of few values.

A piece costs the same whether it is long or short, so what is constant is put together with what
stands beside it before the rows are joined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

# More rows at once fall out of the processor's cache.
_JOINED_ROWS = 8192


@dataclass(slots=True)
class Few:
    """A column with few different values.

    Parameters
    ----------
    values : list
        The value of each row.
    texts : dict
        The text of each value.
    """

    values: Sequence[Any]
    texts: dict[Any, bytes]


Piece = bytes | Few | Sequence[bytes]
"""A text that all rows share, a column of few values, or the text of each row."""


def few(values: Sequence[Any], encode: Callable[[Any], bytes]) -> Few:
    """Return a column whose different values are encoded once each."""
    return Few(values, {value: encode(value) for value in set(values)})


def joined_rows(pieces: Iterable[Piece], rows: int, *, cut: int = 0) -> list[bytes]:
    """Return the pieces side by side, row after row, in parts of many rows.

    Parameters
    ----------
    pieces : iterable
        What a row consists of.
    rows : int
        How many there are.
    cut : int
        So many bytes of the last piece of the last row are left out.

    Examples
    --------
    >>> joined_rows([b"<", [b"1", b"2"], b">"], 2)
    [b'<1><2>']
    """
    columns = [_column(piece) for piece in _merged(pieces)]
    width, parts = len(columns), []
    for start in range(0, rows, _JOINED_ROWS):
        stop = min(start + _JOINED_ROWS, rows)
        cells: list[bytes] = [
            column if isinstance(column, bytes) else b"" for column in columns
        ] * (stop - start)
        for place, column in enumerate(columns):
            if not isinstance(column, bytes):
                cells[place::width] = column[start:stop]
        if cut and stop == rows:
            cells[-1] = cells[-1][:-cut]
        parts.append(b"".join(cells))
    return parts


def _merged(pieces: Iterable[Piece]) -> list[Piece]:
    """Put constants together with a constant or a column of few values beside them."""
    merged: list[Piece] = [b""]
    for piece in pieces:
        if isinstance(piece, Few) and len(piece.texts) == 1:
            piece = next(iter(piece.texts.values()))
        last = merged[-1]
        if isinstance(piece, bytes) and isinstance(last, bytes):
            merged[-1] = last + piece
        elif isinstance(piece, bytes) and isinstance(last, Few):
            merged[-1] = Few(last.values, {value: t + piece for value, t in last.texts.items()})
        elif isinstance(piece, Few) and isinstance(last, bytes):
            merged[-1] = Few(piece.values, {value: last + t for value, t in piece.texts.items()})
        else:
            merged.append(piece)
    return merged


def _column(piece: Piece) -> bytes | Sequence[bytes]:
    if isinstance(piece, Few):
        return list(map(piece.texts.__getitem__, piece.values))
    return piece
