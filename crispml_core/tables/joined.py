"""Scores joined to their labels, as arrays that a KPI can be computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.domain.targets import Target
from crispml_core.domain.use_case import UseCase
from crispml_core.tables.groupings import Grouping
from crispml_core.tables.numbers import numbers, numbers_by_name
from crispml_core.tables.score_table import OF_CLASS

_MISSING = "missing"
_COLUMNS = (
    "version",
    "prediction",
    "segments",
    "scored_at",
    "label",
    "label_time",
    "propensity",
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Joined:
    """The scores of a window, labelled or not, as arrays of n rows.

    Parameters
    ----------
    scored_at, label_time : ndarray of datetime64, shape (n,)
        Microseconds, UTC; `label_time` is NaT where there is no label.
    labelled : ndarray of bool, shape (n,)
        Whether a label came.
    usable : ndarray of bool, shape (n,)
        Whether it came, and both it and the prediction are values that the target has today.
    y : ndarray of shape (n,)
        The truth: class codes, or numbers; -1 or NaN where it is not usable.
    prediction : ndarray of shape (n,) or (n, n_classes)
        The stored probability of class 1, the stored probabilities by class, or the stored number;
        NaN where it is not known.
    decision : ndarray of shape (n,) or None
        The stored decision as class codes, -1 for a class that is none today; None for regression.
    propensity : ndarray of shape (n,) or None
        The logged probability that a case gets a label, NaN where none was logged; None when the
        store keeps none.
    versions : Grouping
        The model version of each score.
    segments : mapping of str to Grouping
        By segment, the group that each score was put in when it was made.
    """

    scored_at: np.ndarray
    label_time: np.ndarray
    labelled: np.ndarray
    usable: np.ndarray
    y: np.ndarray
    prediction: np.ndarray
    decision: np.ndarray | None
    propensity: np.ndarray | None
    versions: Grouping
    segments: Mapping[str, Grouping]

    def __len__(self) -> int:
        return len(self.scored_at)

    def verified(self, rows: np.ndarray | None = None) -> Verified:
        """Return the usable rows, all or those among some positions, as KPIs want them."""
        kept = self.usable if rows is None else rows[self.usable[rows]]
        prediction = self.prediction[kept]
        whole = self.decision is None or not bool(np.isnan(prediction).any())
        return Verified(
            self.y[kept],
            prediction if whole else None,
            None if self.decision is None else self.decision[kept],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Verified:
    """Scores whose truth is known, as arrays of n rows.

    Parameters
    ----------
    y : ndarray of shape (n,)
        The truth: class codes, or numbers.
    prediction : ndarray of shape (n,) or (n, n_classes), or None
        As in `Joined`; None when a score lacks its probability.
    decision : ndarray of shape (n,) or None
        The stored decision as class codes; None for regression.
    """

    y: np.ndarray
    prediction: np.ndarray | None
    decision: np.ndarray | None


def needed_columns(use_case: UseCase) -> list[str]:
    """Return the columns that `joined_arrays` needs."""
    task, classes = use_case.target.task, use_case.target.classes
    numbers = {
        "binary": ["probability"],
        "multiclass": [OF_CLASS + name for name in classes],
        "regression": [],
    }
    return [*_COLUMNS, *numbers[task]]


def joined_arrays(use_case: UseCase, joined: pa.Table) -> Joined:
    """Return a table of scores and labels as arrays.

    Parameters
    ----------
    use_case : UseCase
        Says what a truth is today, and the segments.
    joined : pyarrow.Table
        As `crispml_core.ports.score_ledger.ScoreLedger.with_labels` returns it, with all of its
        columns or with `needed_columns`.
    """
    target = use_case.target
    labelled = np.asarray(pc.is_valid(joined["label"]).to_numpy())
    y, prediction, decision = (
        _classes(target, joined) if target.is_classification else _numbers(joined)
    )
    known = (
        np.isfinite(y) & np.isfinite(prediction) if decision is None else (y >= 0) & (decision >= 0)
    )
    return Joined(
        scored_at=moments(joined["scored_at"]),
        label_time=moments(joined["label_time"]),
        labelled=labelled,
        usable=labelled & known,
        y=y,
        prediction=prediction,
        decision=decision,
        propensity=_floats(joined["propensity"]) if "propensity" in joined.schema.names else None,
        versions=_texts(joined["version"], ""),
        segments=_segments(use_case, joined["segments"]),
    )


def release_memory() -> None:
    """Give back what Arrow keeps of tables that are gone."""
    pa.default_memory_pool().release_unused()


def moments(column: pa.ChunkedArray) -> np.ndarray:
    """Return moments as datetime64 in microseconds, UTC; NaT where there is none."""
    instants = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    nothing = np.datetime64("NaT").astype(np.int64)
    return np.asarray(instants.fill_null(int(nothing)).to_numpy()).view("datetime64[us]")


def text_of(moment: np.datetime64) -> str:
    """Return a moment as RFC 3339 text, like every other one of a report."""
    text: str = msgspec.to_builtins(moment.astype(datetime).replace(tzinfo=UTC))
    return text


def _numbers(joined: pa.Table) -> tuple[np.ndarray, np.ndarray, None]:
    return numbers(joined["label"]), numbers(joined["prediction"]), None


def _classes(target: Target, joined: pa.Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    names = [OF_CLASS + name for name in target.classes]
    if target.task == "binary":
        prediction = _floats(joined["probability"])
    elif set(names) <= set(joined.schema.names):
        prediction = np.column_stack([_floats(joined[name]) for name in names])
    else:
        prediction = numbers_by_name(joined["probabilities"], target.classes)
    classes = pa.array(target.classes, pa.string())
    return _codes(joined["label"], classes), prediction, _codes(joined["prediction"], classes)


def _codes(texts: pa.ChunkedArray, classes: pa.Array) -> np.ndarray:
    found = pc.index_in(texts.cast(pa.string()), classes)
    return np.asarray(found.fill_null(-1).to_numpy()).astype(np.int64)


def _floats(column: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(column.cast(pa.float64()).fill_null(float("nan")).to_numpy())


def _texts(column: pa.ChunkedArray, default: str) -> Grouping:
    """Return the distinct texts in order, and which of them each row has; null is the default."""
    encoded = column.dictionary_encode().unify_dictionaries().combine_chunks()
    found = [*encoded.dictionary.to_pylist(), default]
    names = sorted(set(found))
    places = {name: place for place, name in enumerate(names)}
    code_of = np.array([places[name] for name in found])
    codes = code_of[encoded.indices.fill_null(len(found) - 1).to_numpy()]
    # A group that no row has would be a version that never answered.
    occurring = np.flatnonzero(np.bincount(codes, minlength=len(names)))
    dense = np.zeros(len(names), dtype=np.int64)
    dense[occurring] = np.arange(len(occurring))
    return Grouping(tuple(names[code] for code in occurring), dense[codes])


def _segments(use_case: UseCase, column: pa.ChunkedArray) -> dict[str, Grouping]:
    texts = _texts(column, "{}")
    known = [msgspec.json.decode(text or "{}") for text in texts.names]
    found = {}
    for segment in use_case.segments:
        of_text = Grouping.of(
            np.array([str(groups.get(segment.name, _MISSING)) for groups in known], dtype=object)
        )
        found[segment.name] = Grouping(of_text.names, of_text.codes[texts.codes])
    return found
