"""Whether JSON that a fast decoder has read names a key twice in one of its objects."""

from __future__ import annotations

import re

_KEY_TOKEN = re.compile(rb'"[ \t\r\n]*:')
_QUOTE, _COLON = b'":'
# Longer texts are counted by numpy, so many bytes at once: they fit the processor's cache.
_PART = 262_144


def names_none_twice(body: bytes, keys: int) -> bool:
    """Return True only if no object of a JSON text names a key twice.

    The parser keeps the last of two equal keys and forgets the other. Every key has a colon behind
    it, so a text with as many colons as there are keys left has lost none. Where values hold colons
    too, quotes with a colon behind them are counted; one inside of a value, behind an escaped
    quote, only sends the body the slow way.

    Parameters
    ----------
    body : bytes
        The JSON.
    keys : int
        How many keys the parser kept.
    """
    if _colons(body) == keys:
        return True
    if b" :" in body or b"\n:" in body or b"\t:" in body or b"\r:" in body:
        return len(_KEY_TOKEN.findall(body)) == keys
    return _colons_behind_quotes(body) == keys


def _colons(body: bytes) -> int:
    if len(body) < _PART:
        return body.count(b":")
    import numpy as np  # a process that answers single records needs none

    text = np.frombuffer(body, np.uint8)
    return sum(
        int(np.count_nonzero(text[start : start + _PART] == _COLON))
        for start in range(0, len(text), _PART)
    )


def _colons_behind_quotes(body: bytes) -> int:
    if len(body) < _PART:
        return body.count(b'":')
    import numpy as np

    text, count = np.frombuffer(body, np.uint8), 0
    for start in range(0, len(text), _PART):
        after = text[start + 1 : start + _PART + 1]
        is_found = (text[start : start + len(after)] == _QUOTE) & (after == _COLON)
        count += int(np.count_nonzero(is_found))
    return count
