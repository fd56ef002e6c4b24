"""The probabilities of scores, as JSON objects by class or as numbers, column by column."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.tables.numbers import numbers


def probability_texts(
    probability: pa.Array, by_class: pa.Array, classes: pa.DictionaryArray
) -> pa.Array:
    """Return one JSON object per score; ``{}`` for a number.

    Parameters
    ----------
    probability : Array of double
        Of the second class, where `by_class` is null.
    by_class : Array of string
        The probabilities in the order of the classes, as a JSON array, or null.
    classes : DictionaryArray of string
        The classes of the score, as a JSON array.
    """
    texts = pa.array(["{}"] * len(classes), pa.string())
    for code, names in enumerate(_names(classes)):
        if names:
            objects = pc.coalesce(_objects(names, probability, by_class), texts)
            texts = pc.if_else(pc.equal(classes.indices, code), objects, texts)
    return texts


def probability_numbers(
    wanted: Sequence[str], probability: pa.Array, by_class: pa.Array, classes: pa.DictionaryArray
) -> list[pa.Array]:
    """Return the probabilities of some classes, null where a score has none.

    Parameters
    ----------
    wanted : sequence of str
        The classes.
    probability, by_class, classes
        As for `probability_texts`.
    """
    found = np.full((len(wanted), len(classes)), np.nan)
    codes = classes.indices.to_numpy()
    for code, names in enumerate(_names(classes)):
        if not set(names) & set(wanted):
            continue
        rows = np.flatnonzero(codes == code)
        of_rows = pa.array(rows)
        matrix = _matrix(len(names), probability.take(of_rows), by_class.take(of_rows))
        for place, name in enumerate(wanted):
            if name in names:
                found[place, rows] = matrix[:, names.index(name)]
    return [pa.array(column, from_pandas=True) for column in found]


def _names(classes: pa.DictionaryArray) -> list[tuple[str, ...]]:
    texts = classes.dictionary.to_pylist()
    return [msgspec.json.decode(text, type=tuple[str, ...]) for text in texts]


def _objects(names: tuple[str, ...], probability: pa.Array, by_class: pa.Array) -> pa.Array:
    parts = []
    for number, (name, values) in enumerate(
        zip(names, _values(len(names), probability, by_class), strict=True)
    ):
        parts += ["," if number else "{", msgspec.json.encode(name).decode() + ":", values]
    return pc.binary_join_element_wise(*parts, "}", "")  # the last argument goes between them


def _values(count: int, probability: pa.Array, by_class: pa.Array) -> list[pa.Array]:
    """Return the probabilities of each class as text; Arrow writes the shortest exact one."""
    by_second = [pa.nulls(len(probability), pa.string())] * count
    if count == 2:
        by_second = [pc.subtract(1.0, probability).cast(pa.string()), probability.cast(pa.string())]
    if by_class.null_count == len(by_class):
        return by_second
    lists, fits = _lists(count, by_class)
    lists = pc.if_else(fits, lists, None)
    return [pc.coalesce(pc.list_element(lists, n), by_second[n]) for n in range(count)]


def _matrix(count: int, probability: pa.Array, by_class: pa.Array) -> np.ndarray:
    """Return the probabilities as numbers, shape (n, count), NaN where there is none."""
    found = np.full((len(probability), count), np.nan)
    if count == 2:
        found[:, 1] = probability.fill_null(float("nan")).to_numpy()
        found[:, 0] = 1.0 - found[:, 1]
    if by_class.null_count < len(by_class):
        lists, fits = _lists(count, by_class)
        rows = np.flatnonzero(fits.to_numpy(zero_copy_only=False))
        found[rows] = numbers(lists.filter(fits).flatten()).reshape(-1, count)
    return found


def _lists(count: int, by_class: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the texts of the numbers in JSON arrays, and which arrays have so many."""
    lists = pc.split_pattern(pc.ascii_trim(by_class, "[]"), ",")
    # Only lists of this length: others belong to scores with other classes.
    return lists, pc.fill_null(pc.equal(pc.list_value_length(lists), count), False)
