"""Scores as CSV: a header line, then a line per score."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from crispml_core.rest.formats.columns import ScoreColumns, columns_of, distinct_segments
from crispml_core.serving.scored import Scored


class CsvAnswer:
    """RFC 4180; a missing value is an empty field."""

    media = "text/csv; charset=utf-8; header=present"

    def __init__(self) -> None:
        self._columns = ScoreColumns((), (), has_details=False)

    def begin(self, scored: Scored) -> bytes:
        """Return the header line."""
        self._columns = columns_of(scored)
        return _written([self._columns.names])

    def chunk(self, scored: Scored) -> bytes:
        """Return the next lines."""
        rows, columns = scored.scores, self._columns
        groups = distinct_segments(rows.segments)
        table: list[Iterable[Any]] = [
            scored.score_ids(),
            rows.record_keys,
            rows.predictions,
            rows.probabilities,
        ]
        if columns.classes and rows.by_class is not None:
            table += zip(*rows.by_class, strict=True)
        for name in columns.segments:
            table.append([groups[text].get(name) for text in rows.segments])
        if columns.has_details:
            table.append(rows.details or [None] * len(rows))
        if columns.has_versions:
            table.append(scored.versions or [scored.version] * len(rows))
        return _written(zip(*table, strict=True))

    def end(self) -> bytes:
        """Return nothing."""
        return b""


def _written(lines: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()
