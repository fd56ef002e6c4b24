"""Scores as JSON and NDJSON.

Each column is written as JSON at once, one value per line, which no value can break; then the rows
are joined. Both happen in C.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Any

import msgspec

from crispml_core.rest.formats.row_texts import Piece, few, joined_rows
from crispml_core.serving.scored import Scored

_encoder = msgspec.json.Encoder()
encode = _encoder.encode

_END = b"]}"


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


def whole_json(scored: Scored) -> bytes:
    """Return what `JsonAnswer` writes for scores that came at once."""
    # A batch is megabytes, which one join copies once.
    return b"".join((json_head(scored), *_records(scored, b",", after_last=False), _END))


def _records(scored: Scored, end: bytes, *, after_last: bool = True) -> list[bytes]:
    """Return one JSON object per score, each followed by `end`, the last if `after_last`."""
    rows = scored.scores
    probability = _lines(rows.probabilities)
    pieces: list[Piece] = [
        *_score_ids(scored),
        b'","record_key":',
        _lines(rows.record_keys),
        b',"prediction":',
        few(rows.predictions, encode) if scored.classes else _lines(rows.predictions),
        b',"probability":',
        probability,
        *_probabilities(scored, probability),
        b',"segments":',
        few(rows.segments, str.encode),
    ]
    if rows.details is not None:
        pieces += [
            b',"details":',
            [b"{}" if text is None else text.encode() for text in rows.details],
        ]
    if scored.versions is not None:
        pieces += [b',"version":', few(scored.versions, encode)]
    pieces.append(b"}" + end)
    return joined_rows(pieces, len(rows), cut=0 if after_last else len(end))


def _score_ids(scored: Scored) -> list[Piece]:
    if scored.ids is not None:
        return [b'{"score_id":"', [each.encode() for each in scored.ids]]
    digits = _last_digits(scored.offset + 1, len(scored.scores))
    return [b'{"score_id":"' + scored.group_id[:-6].encode(), digits]


def _last_digits(first: int, rows: int) -> list[bytes]:
    """Return six hexadecimal digits for each of the numbers from `first` on."""
    # As 32-bit numbers, of which the highest 8 bits are zero, they are written in one call.
    digits = struct.pack(f">{rows}I", *range(first, first + rows)).hex("\n", 4)
    return b"\n".join((b"", digits.encode())).split(b"\n00")[1:]


def _probabilities(scored: Scored, probability: list[bytes]) -> list[Piece]:
    rows = scored.scores
    if not scored.classes:
        return [b',"probabilities":{}']
    if rows.by_class is not None:
        columns = [_lines(values) for values in zip(*rows.by_class, strict=True)]
    else:
        # A binary score keeps the probability of the second class.
        columns = [_lines([1.0 - value for value in rows.probabilities if value is not None])]
        columns.append(probability)
    pieces: list[Piece] = []
    before = b',"probabilities":{'
    for name, column in zip(scored.classes, columns, strict=True):
        pieces += [before + encode(name) + b":", column]
        before = b","
    return [*pieces, b"}"]


def _lines(column: Iterable[Any]) -> list[bytes]:
    lines = _encoder.encode_lines(column).split(b"\n")
    lines.pop()  # every line ends, also the last
    return lines


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
        before, self._separator = self._separator, b","
        return b"".join((before, *_records(scored, b",", after_last=False)))

    def end(self) -> bytes:
        """Return what comes after the last score."""
        return _END


class NdjsonAnswer:
    """One score per line; the facts of the request are in the headers."""

    media = "application/x-ndjson"

    def begin(self, scored: Scored) -> bytes:
        """Return nothing, because a line is a score."""
        return b""

    def chunk(self, scored: Scored) -> bytes:
        """Return the next lines."""
        return b"".join(_records(scored, b"\n"))

    def end(self) -> bytes:
        """Return nothing."""
        return b""
