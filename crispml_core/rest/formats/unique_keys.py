"""Whether JSON that a fast decoder has read may have named a key twice in one object.

A decoder that keeps the last of equal keys is quick and forgets the others. But every key has a
colon behind it, so a text with as many colons as the keys and texts of its value have dropped none.
"""

from __future__ import annotations

from typing import Any


def may_repeat_a_key(text: bytes, value: Any) -> bool:
    """Return False only if no object of a JSON text names a key twice.

    Parameters
    ----------
    text : bytes
        The JSON.
    value : object
        What it was decoded to.

    Examples
    --------
    >>> may_repeat_a_key(b'{"a":1,"b":"x:y"}', {"a": 1, "b": "x:y"})
    False
    >>> may_repeat_a_key(b'{"a":1,"a":2}', {"a": 2})
    True
    """
    # An escaped colon is one in the value, but none in the text.
    return b"\\u003" in text or text.count(b":") != colons(value)


def may_repeat_in_records(text: bytes, records: list[Any]) -> bool:
    """Do what `may_repeat_a_key` does, faster for flat objects whose texts have no colons."""
    if set(map(type, records)) == {dict} and text.count(b":") == sum(map(len, records)):
        return b"\\u003" in text
    return may_repeat_a_key(text, records)


def colons(value: Any) -> int:
    """Return how many colons the JSON of a value has at least: one per key, and those in texts."""
    kind = type(value)
    if kind is str:
        return int(value.count(":"))
    if kind is dict:
        return sum(1 + colons(name) + colons(each) for name, each in value.items())
    return sum(map(colons, value)) if kind is list else 0


def names(value: Any) -> int:
    """Return how many keys the objects in a value have.

    Examples
    --------
    >>> names({"a": [{"b": 1}]})
    2
    """
    kind = type(value)
    if kind is dict:
        return sum(1 + names(each) for each in value.values())
    return sum(map(names, value)) if kind is list else 0
