"""The answer of a scoring request in the format that its caller likes best, piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from crispml_core.rest.content import JSON
from crispml_core.rest.formats.csv_answer import CsvAnswer
from crispml_core.rest.formats.json_answer import JsonAnswer, NdjsonAnswer, whole_json
from crispml_core.rest.formats.media import ARROW, CSV, NDJSON, PARQUET
from crispml_core.rest.formats.table_answer import ArrowAnswer, ParquetAnswer
from crispml_core.serving.scored import Scored


class ScoreAnswer(Protocol):
    """Writes one answer: `begin` and `chunk` with the first scores, `chunk` with more, `end`."""

    media: str
    """The ``Content-Type`` of the answer."""

    def begin(self, scored: Scored) -> bytes:
        """Return what comes before the first score; its facts hold for the whole answer."""
        ...

    def chunk(self, scored: Scored) -> bytes:
        """Return the next scores."""
        ...

    def end(self) -> bytes:
        """Return what comes after the last score."""
        ...


_ANSWERS: Mapping[str, Callable[[], ScoreAnswer]] = {
    JSON: JsonAnswer,
    NDJSON: NdjsonAnswer,
    CSV: CsvAnswer,
    PARQUET: ParquetAnswer,
    ARROW: ArrowAnswer,
}


def score_answer(media: str) -> ScoreAnswer:
    """Return the writer of one answer; `media` is from `score_media`."""
    return _ANSWERS[media]()


def whole_answer(scored: Scored, media: str) -> bytes:
    """Return the answer for scores that came at once."""
    if media == JSON:
        return whole_json(scored)
    answer = score_answer(media)
    return b"".join((answer.begin(scored), answer.chunk(scored), answer.end()))
