"""Counting the scores of many groups at once, in the cells that their version froze."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import structlog

from crispml_core.domain.drift import (
    OVERALL,
    PROBABILITY,
    CountsKey,
    DriftCounts,
    UncountedGroup,
    segment_key,
)
from crispml_core.domain.errors import RegistryDamaged, describe_failure
from crispml_core.domain.scores import Encoding
from crispml_core.monitoring.drift.records import prediction_columns
from crispml_core.monitoring.drift.reference import Reference, count_columns
from crispml_core.serving.stored_inputs import unpack_columns

_log = structlog.get_logger("crispml.drift")


class ReferenceCounter:
    """Counts groups; see `crispml_core.ports.drift_store.DriftCounter`.

    Parameters
    ----------
    reference : callable
        Returns the reference of a use case and version, or None where there is none.
    """

    def __init__(self, reference: Callable[[str, str], Reference | None]) -> None:
        self._reference = reference

    def count(self, groups: Sequence[UncountedGroup]) -> Mapping[CountsKey, DriftCounts]:
        """Return the counts of some groups; a version without a reference has none."""
        bundles: dict[tuple[str, str, Encoding], list[UncountedGroup]] = {}
        for group in groups:
            key = (group.use_case, group.version, group.encoding)
            bundles.setdefault(key, []).append(group)
        found: dict[CountsKey, DriftCounts] = {}
        for (use_case, version, encoding), bundle in bundles.items():
            try:
                reference = self._reference(use_case, version)
            except RegistryDamaged:  # its scores are not counted, and its report says why
                reference = None
            if reference is None:
                continue
            for (hour, segment), counts in _count_readable(reference, bundle, encoding).items():
                counted = CountsKey(use_case, version, hour, segment)
                earlier = found.get(counted)
                found[counted] = counts if earlier is None else earlier + counts
        return found


def _count_readable(
    reference: Reference, groups: Sequence[UncountedGroup], encoding: Encoding
) -> dict[tuple[datetime, str], DriftCounts]:
    """Count groups; one that cannot be read counts as none, so that those behind it are counted."""
    try:
        return _count(reference, groups, encoding)
    except Exception as error:  # whatever a damaged blob may raise
        if len(groups) == 1:
            reason = describe_failure(error)
            _log.warning("group_not_counted", version=groups[0].version, reason=reason)
            return {}
    found: dict[tuple[datetime, str], DriftCounts] = {}
    for group in groups:
        for key, counts in _count_readable(reference, [group], encoding).items():
            found[key] = counts if key not in found else found[key] + counts
    return found


def _count(
    reference: Reference, groups: Sequence[UncountedGroup], encoding: Encoding
) -> dict[tuple[datetime, str], DriftCounts]:
    sizes = [len(group.predictions) for group in groups]
    predictions = [value for group in groups for value in group.predictions]
    probabilities = [value for group in groups for value in group.probabilities]
    is_class = any(field.name == PROBABILITY for field in reference.fields)
    names = [field.name for field in reference.fields if field.role == "input"]
    inputs = _rows(groups, names) if encoding is Encoding.ROWS else _arrow(groups, names)
    columns = inputs | prediction_columns(is_class, predictions, probabilities)
    hours = [_hour(group.created_at) for group in groups]
    segments = [text for group in groups for text in group.segments]
    keys = _keys(np.repeat(_codes(hours), sizes), list(dict.fromkeys(hours)), segments, reference)
    return count_columns(reference.fields, columns, keys)


def _rows(groups: Sequence[UncountedGroup], names: Sequence[str]) -> dict[str, Any]:
    """Return the inputs that the groups have, as lists of all of them."""
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for group in groups:
        stored = unpack_columns(group.inputs)
        for name in names:
            columns[name] += stored.get(name) or [None] * len(group.predictions)
    return columns


def _arrow(groups: Sequence[UncountedGroup], names: Sequence[str]) -> dict[str, Any]:
    import pyarrow as pa  # a process that scores record by record does without

    from crispml_core.tables.row_images import read_arrow

    tables = [read_arrow(group.inputs) for group in groups]
    together = pa.concat_tables(tables, promote_options="permissive").combine_chunks()
    return {
        name: together.column(name).combine_chunks()
        for name in names
        if name in together.column_names
    }


def _keys(
    codes: np.ndarray,
    hours: Sequence[datetime],
    texts: Sequence[str | None],
    reference: Reference,
) -> dict[tuple[datetime, str], np.ndarray | None]:
    """Return the positions of the records of every hour and group of the reference."""
    places = _codes(texts)
    groups = [_groups(text) for text in dict.fromkeys(texts)]
    of_segment: dict[str, np.ndarray] = {}
    for segment in reference.counts:
        mine = [code for code, keys in enumerate(groups) if segment == OVERALL or segment in keys]
        of_segment[segment] = np.isin(places, mine)
    found: dict[tuple[datetime, str], np.ndarray | None] = {}
    for code, hour in enumerate(hours):
        is_now = codes == code
        for segment, is_mine in of_segment.items():
            rows = np.flatnonzero(is_now & is_mine)
            if len(rows):
                found[hour, segment] = rows
    return found


def _groups(text: str | None) -> set[str]:
    groups = msgspec.json.decode(text) if text else {}
    return {segment_key(segment, str(group)) for segment, group in groups.items()}


def _codes(values: Iterable[Any]) -> np.ndarray:
    values = list(values)
    codes = {value: code for code, value in enumerate(dict.fromkeys(values))}
    return np.fromiter(map(codes.__getitem__, values), np.int64, len(values))


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
