"""The segments of a record as the text that the ledger keeps."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crispml_core.domain.targets import Segment

if TYPE_CHECKING:
    import numpy as np

    from crispml_core.serving.compiled.columns import PreparedColumns

# More combinations are not remembered: somebody has made a segment of a number.
_MOST = 10_000


class SegmentText:
    """Gives the groups of a record as a JSON object; each combination is written once.

    Parameters
    ----------
    segments : sequence of Segment
        The segments of the use case.
    positions : mapping of str to int
        Where a prepared record holds each field.
    """

    def __init__(self, segments: Sequence[Segment], positions: Mapping[str, int]) -> None:
        self._segments = tuple(segments)
        self._names = [segment.name for segment in segments]
        self._parts = [(_grouper(segment), positions[segment.field]) for segment in segments]
        self._texts: dict[tuple[str, ...], str] = {}

    def of_rows(self, rows: Sequence[tuple[Any, ...]]) -> list[str]:
        """Return the text of each prepared record."""
        parts = self._parts
        return [self._text(tuple([group(row[place]) for group, place in parts])) for row in rows]

    def of_columns(self, columns: PreparedColumns) -> list[str]:
        """Return the text of each record of a batch."""
        import numpy as np

        combinations: list[tuple[str, ...]] = [()]
        codes = np.zeros(columns.rows, dtype=np.int64)
        for segment in self._segments:
            groups, places = _groups_of(segment, columns)
            kept, codes = _distinct(codes * len(groups) + places, len(combinations) * len(groups))
            combinations = [
                (*combinations[code // len(groups)], groups[code % len(groups)]) for code in kept
            ]
        texts = np.array([self._text(groups) for groups in combinations], dtype=object)
        found: list[str] = texts[codes].tolist()
        return found

    def _text(self, groups: tuple[str, ...]) -> str:
        text = self._texts.get(groups)
        if text is None:
            text = segment_text(self._names, groups)
            if len(self._texts) < _MOST:
                self._texts[groups] = text
        return text


def segment_text(names: Sequence[str], groups: Sequence[str]) -> str:
    """Return the groups of a record as the JSON object that the ledger keeps."""
    named = dict(zip(names, groups, strict=True))
    return json.dumps(named, ensure_ascii=False, separators=(",", ":"))


def _grouper(segment: Segment) -> Callable[[Any], str]:
    """Return `Segment.group_of` with its names made once."""
    if not segment.bins:
        return segment.group_of
    bins, names = segment.bins, segment.groups

    def group_of(value: Any) -> str:
        return "missing" if value is None else names[bisect_right(bins, value)]

    return group_of


def _groups_of(segment: Segment, columns: PreparedColumns) -> tuple[list[str], np.ndarray]:
    """Return the names of the groups, each once, and the place of each record's."""
    import numpy as np

    if segment.bins:
        numbers = columns.numbers(segment.field)
        places = np.searchsorted(np.array(segment.bins), numbers, side="right")
        places[np.isnan(numbers)] = len(segment.groups)
        return [*segment.groups, "missing"], places
    found = columns.coded(segment.field)
    names = [segment.group_of(value) for value in found.values]
    groups = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return list(groups), np.array([groups[name] for name in names])[found.codes]


def _distinct(codes: np.ndarray, count: int) -> tuple[list[int], np.ndarray]:
    """Return the codes that occur and the place of each row's; sorting is the slow way."""
    import numpy as np

    if count > len(codes) + 1000:
        kept, places = np.unique(codes, return_inverse=True)
        return kept.tolist(), places
    occurs = np.bincount(codes, minlength=count) > 0
    return np.flatnonzero(occurs).tolist(), (np.cumsum(occurs) - 1)[codes]
