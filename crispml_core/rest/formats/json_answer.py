"""Scores as JSON and NDJSON.

Each column is written as JSON at once, one value per line, which no value can break; then constants
and values are joined row by row. Both happen in C.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice, repeat
from typing import Any

import msgspec

from crispml_core.serving.scored import Scored

_encoder = msgspec.json.Encoder()
encode = _encoder.encode

# More rows at once fall out of the processor's cache.
_JOINED_ROWS = 8192


def json_head(scored: Scored) -> bytes:
    """Return the answer up to the first score: the facts of the request."""
    return b"".join(
        (
            b'{"use_case":',
            encode(scored.use_case),
            b',"model":',
            encode(scored.model),
            b',"version":',
            encode(scored.version),
            b',"alias":',
            encode(scored.alias),
            b',"group_id":',
            encode(scored.group_id),
            b',"durability":',
            encode(scored.durability),
            b',"fallback":',
            encode(scored.fallback),
            b',"scores":[',
        )
    )


def json_records(scored: Scored, end: bytes) -> bytes:
    """Return one JSON object per score, each followed by `end`."""
    rows = scored.scores
    first = scored.offset + 1
    prefix = b'{"score_id":"' + scored.group_id[:-6].encode()
    probability = _lines(rows.probabilities)
    pieces: list[Iterable[bytes]] = [
        repeat(prefix),
        [b"%06x" % number for number in range(first, first + len(rows))],
        repeat(b'","record_key":'),
        _lines(rows.record_keys),
        repeat(b',"prediction":'),
        _lines(rows.predictions),
        repeat(b',"probability":'),
        probability,
        *_probabilities(scored, probability),
        repeat(b',"segments":'),
        map(str.encode, rows.segments),
    ]
    if rows.details is not None:
        pieces += [
            repeat(b',"details":'),
            [b"{}" if text is None else text.encode() for text in rows.details],
        ]
    pieces.append(repeat(b"}" + end))
    joined = zip(*pieces, strict=False)
    parts = iter(lambda: b"".join(chain.from_iterable(islice(joined, _JOINED_ROWS))), b"")
    return b"".join(parts)


def _probabilities(scored: Scored, probability: list[bytes]) -> list[Iterable[bytes]]:
    rows = scored.scores
    if not scored.classes:
        return [repeat(b',"probabilities":{}')]
    if rows.by_class is not None:
        columns = [_lines(values) for values in zip(*rows.by_class, strict=True)]
    else:
        # A binary score keeps the probability of the second class.
        columns = [_lines([1.0 - value for value in rows.probabilities if value is not None])]
        columns.append(probability)
    pieces: list[Iterable[bytes]] = []
    before = b',"probabilities":{'
    for name, column in zip(scored.classes, columns, strict=True):
        pieces += [repeat(before + encode(name) + b":"), column]
        before = b","
    return [*pieces, repeat(b"}")]


def _lines(column: Iterable[Any]) -> list[bytes]:
    return _encoder.encode_lines(column).split(b"\n")


class JsonAnswer:
    """One object with a list of scores, as a single request gets it."""

    media = "application/json"

    def __init__(self) -> None:
        self._separator = b""

    def begin(self, scored: Scored) -> bytes:
        """Return what comes before the first score."""
        return json_head(scored)

    def chunk(self, scored: Scored) -> bytes:
        """Return the next scores."""
        body = self._separator + json_records(scored, b",")[:-1]
        self._separator = b","
        return body

    def end(self) -> bytes:
        """Return what comes after the last score."""
        return b"]}"


class NdjsonAnswer:
    """One score per line; the facts of the request are in the headers."""

    media = "application/x-ndjson"

    def begin(self, scored: Scored) -> bytes:
        """Return nothing, because a line is a score."""
        return b""

    def chunk(self, scored: Scored) -> bytes:
        """Return the next lines."""
        return json_records(scored, b"\n")

    def end(self) -> bytes:
        """Return nothing."""
        return b""
