"""Reading records and labels from CSV, JSON and JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TextIO, TypeVar

from crispml_core.cli.verb import Failure
from crispml_core.domain.fields import Field
from crispml_core.domain.sources import MISSING_TEXTS, other_separator

T = TypeVar("T")
_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def read_rows(stream: TextIO, key: str) -> Iterator[dict[str, Any]]:
    """Yield rows by column name.

    What starts with ``[`` or ``{`` is JSON: a list, an object with a list under `key`, one object,
    or one object per line. Anything else is CSV with a header line, whose cells stay text.

    Raises
    ------
    Failure
        If it cannot be read; the text names the line.
    """
    try:
        start = stream.read(1)
        while start.isspace() or start == "\ufeff":
            start = stream.read(1)
        rest = _after(start, stream)
        yield from _json_rows(rest.read(), key) if start in ("[", "{") else _csv_rows(rest)
    except UnicodeDecodeError:
        raise Failure("the input is not UTF-8 text; save it as UTF-8") from None


def typed(row: dict[str, Any], fields: dict[str, Field]) -> dict[str, Any]:
    """Return a CSV row with numbers, truth values and gaps as such; text that is none stays.

    What does not fit its field is left to the service, which names the row and the field.
    """
    return {
        name: _value(cell, fields[name].type) if name in fields and isinstance(cell, str) else cell
        for name, cell in row.items()
    }


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of at most `size` items."""
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk


def _value(cell: str, kind: str) -> Any:
    if cell in MISSING_TEXTS:
        return None
    try:
        if kind == "integer":
            return _integer(cell)
        if kind == "number":
            return float(cell)
    except ValueError:
        return cell
    return _TRUTHS.get(cell.lower(), cell) if kind == "boolean" else cell


def _integer(cell: str) -> int | str:
    """Return a whole number, also one that was written as ``2.0``; anything else stays text."""
    try:
        return int(cell)
    except ValueError:
        number = float(cell)
        return int(number) if number.is_integer() else cell


def _after(start: str, stream: TextIO) -> TextIO:
    """Return a stream that begins with `start` again."""
    return io.StringIO(start + stream.read())


def _json_rows(text: str, key: str) -> Iterator[dict[str, Any]]:
    try:
        content = json.loads(text)
    except ValueError as whole:
        try:
            content = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            raise Failure(
                f"the input is not JSON{_line(whole)}, nor one JSON object per line"
            ) from None
    if isinstance(content, dict):
        content = content.get(key, [content])
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise Failure("the JSON must be an object, a list of objects, or one object per line")
    yield from content


def _line(error: ValueError) -> str:
    return f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""


def _csv_rows(stream: TextIO) -> Iterator[dict[str, Any]]:
    reader = csv.DictReader(stream, strict=True)
    try:
        names = reader.fieldnames or []
        if other := other_separator(names):
            raise Failure(
                f"the CSV header is one column with {other} in it; separate the columns by commas"
            )
        if len(set(names)) != len(names):
            raise Failure("the CSV header names a column twice; rename one")
        for row in reader:
            if None in row or None in row.values():
                raise Failure(
                    f"line {reader.line_num} of the CSV has not as many cells as the header"
                )
            yield row
    except csv.Error as error:
        raise Failure(f"line {reader.line_num} of the CSV cannot be read: {error}") from None
