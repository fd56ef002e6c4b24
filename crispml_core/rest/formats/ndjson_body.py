"""NDJSON bodies: one record per line, as strict as the JSON of a single record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from crispml_core.domain.errors import CrispMLError, MalformedContent, TooLarge
from crispml_core.rest.formats.unique_keys import may_repeat_in_records
from crispml_core.rest.strict_json import parse_json

_BLOCK_BYTES = 1 << 20
MAX_LINE_BYTES = 4 << 20

_decode = msgspec.json.Decoder().decode_lines


def read_ndjson(file: BinaryIO) -> Iterator[list[Any]]:
    """Yield the records of a body in blocks; empty lines are skipped.

    Raises
    ------
    MalformedContent
        If a line is not strict JSON; the text says which one.
    TooLarge
        If a line is longer than `MAX_LINE_BYTES`.
    """
    file.seek(0)
    line, rest = 1, b""
    while block := file.read(_BLOCK_BYTES):
        end = block.rfind(b"\n") + 1
        if not end:
            rest += block
            if len(rest) > MAX_LINE_BYTES:
                raise TooLarge(f"line {line} of the body is longer than {MAX_LINE_BYTES >> 20} MiB")
            continue
        lines, rest = rest + block[:end], block[end:]
        yield _records(lines, line)
        line += lines.count(b"\n")
    if rest:
        yield _records(rest, line)


def _records(lines: bytes, first_line: int) -> list[Any]:
    try:
        records = _decode(lines)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return _one_by_one(lines, first_line)
    if may_repeat_in_records(lines, records):
        return _one_by_one(lines, first_line)
    return records


def _one_by_one(lines: bytes, first_line: int) -> list[Any]:
    records = []
    for number, text in enumerate(lines.split(b"\n"), start=first_line):
        if not text.strip():
            continue
        try:
            records.append(parse_json(text))
        except CrispMLError as error:
            kind = TooLarge if isinstance(error, TooLarge) else MalformedContent
            raise kind(f"line {number} of the body: {error.message}") from None
    return records
