"""Joined rows are what a plain loop writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.rest.formats import row_texts
from crispml_core.rest.formats.row_texts import Few, Piece, few, joined_rows

ROWS = 5
TEXTS = st.binary(max_size=3)
PIECES = st.one_of(
    TEXTS,
    st.lists(TEXTS, min_size=ROWS, max_size=ROWS),
    st.lists(st.sampled_from("ab"), min_size=ROWS, max_size=ROWS).map(
        lambda values: few(values, str.encode)
    ),
)


def text_of(piece: Piece, row: int) -> bytes:
    if isinstance(piece, Few):
        return piece.texts[piece.values[row]]
    return piece if isinstance(piece, bytes) else piece[row]


@pytest.mark.parametrize("at_once", [1, 2, 5, 100])
@given(st.lists(PIECES, max_size=6))
def test_rows_are_the_pieces_side_by_side(at_once: int, pieces: list[Piece]) -> None:
    expected = b"".join(text_of(piece, row) for row in range(ROWS) for piece in pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_texts, "_JOINED_ROWS", at_once)
        assert b"".join(joined_rows(pieces, ROWS)) == expected
        with_end = [*pieces, b"},"]
        expected = b"".join(text_of(piece, row) for row in range(ROWS) for piece in with_end)
        assert b"".join(joined_rows(with_end, ROWS, cut=1)) == expected.removesuffix(b",")


def test_no_rows_are_no_bytes() -> None:
    assert joined_rows([b"a", [], few([], str.encode)], 0) == []
