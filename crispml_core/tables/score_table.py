"""Scores as a table: one row per score, texts that repeat as dictionaries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import pyarrow as pa

from crispml_core.domain.scores import ScoreRows

OF_CLASS = "probability_"
"""What the name of a column begins with that has the probability of one class."""

_ID_CHARACTERS, _NUMBER_DIGITS = 36, 6
_decode = msgspec.json.Decoder(dict[str, str]).decode


def score_table(
    rows: ScoreRows, classes: Sequence[str], group_id: str, offset: int = 0
) -> pa.Table:
    """Return scores of consecutive rows of a group, see `score_columns`."""
    segments = list(_decode(rows.segments[0])) if len(rows) else ()
    details = rows.details is not None
    return pa.table(score_columns(rows, classes, segments, group_id, offset, has_details=details))


def score_columns(
    rows: ScoreRows,
    classes: Sequence[str],
    segments: Iterable[str],
    group_id: str,
    offset: int = 0,
    *,
    has_details: bool = False,
) -> dict[str, pa.Array]:
    """Return scores of consecutive rows of a group as columns by name.

    Parameters
    ----------
    classes : sequence of str
        Classes of the model by code; empty for regression.
    segments : iterable of str
        Names of the segments.
    offset : int
        The row of the group in which the first of the scores lies.
    has_details : bool
        Whether there is a column for reasons and intervals.

    Returns
    -------
    dict of str to pyarrow.Array
        ``score_id, record_key, prediction, probability``; for a multiclass model
        ``probability_<class>`` for each class; ``segment_<name>`` for each segment; ``details`` as
        JSON. Texts that repeat are dictionaries.
    """
    columns = {
        "score_id": score_ids(group_id, offset, len(rows)),
        "record_key": pa.array(rows.record_keys, pa.string()),
        "prediction": _predictions(rows, classes),
        "probability": pa.array(rows.probabilities, pa.float64()),
    }
    if rows.by_class is not None:
        for name, values in zip(classes, zip(*rows.by_class, strict=True), strict=True):
            columns[OF_CLASS + name] = pa.array(values, pa.float64())
    if names := list(segments):
        entries, codes = _coded(rows.segments)
        groups = [_decode(text) for text in entries]
        for name in names:
            texts = pa.array([group.get(name) for group in groups], pa.string())
            columns[f"segment_{name}"] = pa.DictionaryArray.from_arrays(codes, texts)
    if has_details:
        columns["details"] = pa.array(rows.details or [None] * len(rows), pa.string())
    return columns


def score_ids(group_id: str, offset: int, rows: int) -> pa.StringArray:
    """Return the ids of consecutive scores of a group; see `score_id` of the domain."""
    characters = np.empty((rows, _ID_CHARACTERS), np.uint8)
    characters[:] = np.frombuffer(group_id.encode(), np.uint8)
    return _numbered(characters, np.arange(offset, offset + rows))


def ids_in_groups(group_ids: pa.StringArray, rows: np.ndarray) -> pa.StringArray:
    """Return the ids of scores from the ids of their groups and their rows in them."""
    _, edges, content = group_ids.buffers()
    first = int(np.frombuffer(edges, np.int32)[group_ids.offset]) if len(group_ids) else 0
    size = len(group_ids) * _ID_CHARACTERS
    given = np.frombuffer(content, np.uint8, size, first) if size else np.empty(0, np.uint8)
    return _numbered(given.reshape(-1, _ID_CHARACTERS).copy(), rows)


def _numbered(characters: np.ndarray, rows: np.ndarray) -> pa.StringArray:
    """Write the row plus one into the last characters of ids."""
    numbers = (rows + 1).astype(np.uint32)
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    for place in range(_NUMBER_DIGITS):
        nibbles = (numbers >> np.uint32(4 * (_NUMBER_DIGITS - 1 - place))) & np.uint32(15)
        characters[:, _ID_CHARACTERS - _NUMBER_DIGITS + place] = digits[nibbles]
    edges = np.arange(0, characters.size + 1, _ID_CHARACTERS, dtype=np.int32)
    return pa.StringArray.from_buffers(
        len(characters), pa.py_buffer(edges), pa.py_buffer(characters)
    )


def _predictions(rows: ScoreRows, classes: Sequence[str]) -> pa.Array:
    if not classes:
        return pa.array(rows.predictions, pa.float64())
    entries, codes = _coded(rows.predictions)
    return pa.DictionaryArray.from_arrays(codes, pa.array(entries, pa.string()))


def _coded(texts: list[str]) -> tuple[list[str], pa.Array]:
    """Return the different texts, and for every row which one it has."""
    codes = {text: code for code, text in enumerate(dict.fromkeys(texts))}
    numbers = np.fromiter(map(codes.__getitem__, texts), np.int32, len(texts))
    return list(codes), pa.array(numbers)
