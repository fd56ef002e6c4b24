"""The probabilities of scores as JSON objects by class, written column by column."""

from __future__ import annotations

import msgspec
import pyarrow as pa
import pyarrow.compute as pc


def probability_texts(probability: pa.Array, by_class: pa.Array, classes: pa.Array) -> pa.Array:
    """Return one JSON object per score; ``{}`` for a number.

    Parameters
    ----------
    probability : Array of double
        Of the second class, where `by_class` is null.
    by_class : Array of string
        The probabilities in the order of the classes, as a JSON array, or null.
    classes : Array of string
        The classes of the score, as a JSON array.
    """
    texts = pa.array(["{}"] * len(classes), pa.string())
    for known in pc.unique(classes).to_pylist():
        names = msgspec.json.decode(known, type=tuple[str, ...])
        if names:
            objects = _objects(names, probability, by_class)
            texts = pc.if_else(pc.equal(classes, known), pc.coalesce(objects, texts), texts)
    return texts


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
    lists = pc.split_pattern(pc.utf8_slice_codeunits(by_class, 1, -1), ",")
    # Only lists of this length: others belong to scores with other classes.
    lists = pc.if_else(pc.equal(pc.list_value_length(lists), count), lists, None)
    return [pc.coalesce(pc.list_element(lists, n), by_second[n]) for n in range(count)]
