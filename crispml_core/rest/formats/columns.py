"""The columns of scores, the same in every table: CSV, Parquet and Arrow."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from crispml_core.serving.scored import Scored

_decode = msgspec.json.Decoder(dict[str, str]).decode


@dataclass(frozen=True, slots=True)
class ScoreColumns:
    """Which columns an answer has; those of its first scores hold for all of them.

    Parameters
    ----------
    classes : tuple of str
        Of a multiclass model: each has a column ``probability_<class>``. Empty otherwise.
    segments : tuple of str
        Each has a column ``segment_<name>``.
    has_details : bool
        Whether reasons or intervals were asked for; they are one column of JSON.
    has_versions : bool
        Whether a challenger answers a share of the records, so that each score names its version.
    """

    classes: tuple[str, ...]
    segments: tuple[str, ...]
    has_details: bool
    has_versions: bool = False

    @property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return [
            "score_id",
            "record_key",
            "prediction",
            "probability",
            *(f"probability_{name}" for name in self.classes),
            *(f"segment_{name}" for name in self.segments),
            *(["details"] if self.has_details else []),
            *(["version"] if self.has_versions else []),
        ]


def columns_of(scored: Scored) -> ScoreColumns:
    """Return which columns scores need."""
    rows = scored.scores
    first = _decode(rows.segments[0]) if rows.segments else {}
    classes = scored.classes if rows.by_class is not None else ()
    return ScoreColumns(
        classes,
        tuple(first),
        has_details=rows.details is not None,
        has_versions=scored.versions is not None,
    )


def distinct_segments(segments: list[str]) -> dict[str, dict[str, str]]:
    """Return each different text among the segments of many rows, with what it says."""
    return {text: _decode(text) for text in set(segments)}
