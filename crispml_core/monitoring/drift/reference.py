"""What a model version saw: the cells of every field and how many records were in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import msgspec
import numpy as np

from crispml_core.domain.drift import LABEL, OVERALL, DriftCounts, segment_key
from crispml_core.domain.errors import RegistryDamaged
from crispml_core.monitoring.drift.bins import (
    PRESENCE,
    Bins,
    Kind,
    cell_codes,
    fit_categories,
    fit_numbers,
    moments,
)

FORMAT = 1
MAX_GROUPS = 20

Role = Literal["input", "prediction", "label"]
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Watched:
    """A field whose distribution is compared."""

    name: str
    role: Role
    bins: Bins


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What new records are compared with; frozen in the version.

    Parameters
    ----------
    fields : tuple of Watched
        What is counted of each score: inputs and predictions, in this order.
    counts : dict of str to DriftCounts
        Of the reference by segment key, `OVERALL` among them. Inputs were counted on ``train``,
        predictions on ``test``: a model is surer about records that it was fitted on.
    label : Watched or None
        The truth, and `label_counts` of it on ``train``.
    """

    fields: tuple[Watched, ...]
    counts: dict[str, DriftCounts]
    label: Watched | None = None
    label_counts: DriftCounts | None = None
    format: int = FORMAT

    @property
    def width(self) -> int:
        """How many numbers the counts of one key have."""
        return sum(field.bins.width for field in self.fields)

    def part(self, counts: DriftCounts, position: int) -> np.ndarray:
        """Return the counts of the field at a position, as int64."""
        start = sum(field.bins.width for field in self.fields[:position])
        end = start + self.fields[position].bins.width
        return np.array(counts.values[start:end], dtype=np.int64)

    def to_bytes(self) -> bytes:
        """Return the file of the version."""
        return msgspec.json.encode(self)

    @classmethod
    def from_bytes(cls, content: bytes) -> Reference:
        """Read the file of a version; raise `RegistryDamaged` where it is none."""
        try:
            found = msgspec.json.decode(content, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise RegistryDamaged("the reference of the version is not readable") from error
        if found.format != FORMAT or OVERALL not in found.counts:
            raise RegistryDamaged("the reference of the version is not one of this release")
        if any(len(counts.values) != found.width for counts in found.counts.values()):
            raise RegistryDamaged("the reference of the version does not fit its fields")
        return found


def watch(name: str, role: Role, values: Any, kind: Kind) -> Watched:
    """Return a field with cells that fit the values of a reference."""
    if kind == "presence":
        return Watched(name, role, PRESENCE)
    return Watched(name, role, fit_numbers(values) if kind == "number" else fit_categories(values))


def count_field(bins: Bins, values: Any, rows: np.ndarray | None = None) -> np.ndarray:
    """Return the counts of some values; see `Bins` for the cells.

    Parameters
    ----------
    rows : ndarray of int, optional
        Only the values at these positions.
    """
    return FieldCells(bins, values).count(rows)


class FieldCells:
    """The cell of every value of a field, from which any part of the rows is counted.

    Parameters
    ----------
    values : array_like
        Numbers, texts or truth values; None is missing.
    """

    def __init__(self, bins: Bins, values: Any) -> None:
        self._bins = bins
        self._codes = cell_codes(bins, values)
        self._moments = moments(bins, values) if bins.kind == "number" else None

    def count(self, rows: np.ndarray | None = None) -> np.ndarray:
        """Return the counts of the values at some positions, or of all."""
        codes = self._codes if rows is None else self._codes[rows]
        counts = np.bincount(codes, minlength=self._bins.cells)
        if self._moments is None:
            return counts
        some = self._moments if rows is None else self._moments[:, rows]
        return np.concatenate([counts, some.sum(1)])


def count_columns(
    fields: tuple[Watched, ...],
    columns: Mapping[str, Any],
    keys: Mapping[Key, np.ndarray | None],
) -> dict[Key, DriftCounts]:
    """Return the counts of records by key.

    Parameters
    ----------
    fields : tuple of Watched
        What is counted.
    columns : mapping of str to array_like of n values
        By field; one that is not there any more counts as missing throughout.
    keys : mapping to ndarray of int or None
        By key, the positions of its records; None for all.
    """
    rows = len(next(iter(columns.values()))) if columns else 0
    parts: dict[Key, list[np.ndarray]] = {key: [] for key in keys}
    for field in fields:
        cells = FieldCells(field.bins, columns.get(field.name, [None] * rows))
        for key, members in keys.items():
            parts[key].append(cells.count(members))
    return {
        key: DriftCounts(
            rows if members is None else len(members),
            tuple(np.concatenate(parts[key]).tolist()) if parts[key] else (),
        )
        for key, members in keys.items()
    }


def segment_rows(segments: Mapping[str, np.ndarray]) -> dict[str, np.ndarray | None]:
    """Return the positions of the records of every group, by segment key; `OVERALL` has all.

    Parameters
    ----------
    segments : mapping of str to ndarray of n texts
        By segment, the group of each record; of a segment the `MAX_GROUPS` largest groups count.
    """
    found: dict[str, np.ndarray | None] = {OVERALL: None}
    for segment, groups in segments.items():
        names, codes, sizes = np.unique(groups.astype(str), return_inverse=True, return_counts=True)
        largest = sorted(range(len(names)), key=lambda code: (-sizes[code], names[code]))
        for code in largest[:MAX_GROUPS]:
            found[segment_key(segment, str(names[code]))] = np.flatnonzero(codes == code)
    return found


def fit_reference(
    columns: Mapping[str, Any],
    *,
    kinds: Mapping[str, Kind],
    predictions: Mapping[str, Any] | None = None,
    label: Any = None,
    segments: Mapping[str, np.ndarray] | None = None,
    prediction_segments: Mapping[str, np.ndarray] | None = None,
) -> Reference:
    """Return the reference of some arrays.

    Parameters
    ----------
    columns : mapping of str to array_like of n values
        The inputs by field.
    kinds : mapping of str to {"number", "category", "presence"}
        What the inputs, the predictions and ``label`` are; categories where it does not say.
    predictions : mapping of str to array_like of m values
        What the model answers, of records that it was not fitted on.
    label : array_like of n values, optional
        The truth.
    segments, prediction_segments : mapping of str to ndarray of n, and of m, texts
        By segment, the group of each record.
    """
    of_input = tuple(
        watch(name, "input", values, kinds.get(name, "category"))
        for name, values in columns.items()
    )
    of_answer = tuple(
        watch(name, "prediction", values, kinds.get(name, "category"))
        for name, values in (predictions or {}).items()
    )
    keys = segment_rows(segments or {})
    answered = segment_rows(prediction_segments or {})
    nothing = np.array([], dtype=np.int64)
    inputs = count_columns(of_input, columns, keys)
    answers = count_columns(
        of_answer, predictions or {}, {key: answered.get(key, nothing) for key in keys}
    )
    target = None if label is None else watch(LABEL, "label", label, kinds.get(LABEL, "category"))
    return Reference(
        fields=of_input + of_answer,
        counts={
            key: DriftCounts(inputs[key].rows, inputs[key].values + answers[key].values)
            for key in keys
        },
        label=target,
        label_counts=None
        if target is None
        else DriftCounts(len(label), tuple(count_field(target.bins, label).tolist())),
    )
