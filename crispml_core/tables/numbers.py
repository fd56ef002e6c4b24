"""Stored texts back into the numbers they were."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

# What a float may be written as; a text beyond it is no number.
_NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_BLOCK = 100_000


def numbers(texts: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Return texts as floats of shape (n,), NaN where one is no number.

    Arrow reads a decimal text as the nearest float, as Python does, so a float that was written
    with all its digits comes back in every bit.
    """
    try:
        found = texts.cast(pa.float64())
    except pa.ArrowInvalid:
        plain = pc.fill_null(pc.match_substring_regex(texts, _NUMBER), False)
        found = pc.if_else(plain, texts, pa.scalar(None, pa.string())).cast(pa.float64())
    return np.asarray(found.fill_null(float("nan")).to_numpy())


def numbers_by_name(texts: pa.ChunkedArray, names: Sequence[str]) -> np.ndarray:
    """Return JSON objects of numbers as an array of shape (n, len(names)), NaN where one lacks.

    Parameters
    ----------
    texts : pyarrow.ChunkedArray of string
        One object per row; null stands for an empty one.
    names : sequence of str
        The members that are wanted, in the order of the columns.
    """
    found = np.full((len(texts), len(names)), np.nan)
    schema = pa.schema([(name, pa.float64()) for name in names])
    options = pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    # In blocks, because Arrow wants the texts of a document a second time, line by line.
    for start in range(0, len(texts), _BLOCK):
        lines = pc.fill_null(texts.slice(start, _BLOCK), "{}").to_pylist()
        document = "\n".join(lines).encode()
        table = pj.read_json(
            pa.BufferReader(document),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(document) + 1),
            parse_options=options,
        )
        for place, name in enumerate(names):
            column = table[name].fill_null(float("nan"))
            found[start : start + len(lines), place] = column.to_numpy()
    return found
