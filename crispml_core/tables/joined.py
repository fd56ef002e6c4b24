"""Scores joined to their labels, as arrays that a KPI can be computed from."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.domain.targets import Target
from crispml_core.domain.use_case import UseCase


@dataclass(frozen=True, slots=True, eq=False)
class Verified:
    """Labelled scores as arrays of n rows.

    Parameters
    ----------
    y : ndarray of shape (n,)
        The truth: class codes, or numbers.
    prediction : ndarray of shape (n,) or (n, n_classes), or None
        The stored probability of class 1, the stored probabilities by class, or the stored number;
        None when a score lacks its probability.
    decision : ndarray of shape (n,) or None
        The stored decision as class codes; None for regression.
    """

    y: np.ndarray
    prediction: np.ndarray | None
    decision: np.ndarray | None

    def take(self, rows: np.ndarray) -> Verified:
        """Return some of the rows."""
        return Verified(
            self.y[rows],
            None if self.prediction is None else self.prediction[rows],
            None if self.decision is None else self.decision[rows],
        )


def verify(target: Target, labelled: pa.Table) -> tuple[pa.Table, Verified]:
    """Return the rows whose label and prediction can be compared, as a table and as arrays.

    Parameters
    ----------
    target : Target
        Says what a truth is today; a stored class that is none any more cannot be compared.
    labelled : pyarrow.Table
        As `crispml_core.ports.score_ledger.ScoreLedger.with_labels` returns it, rows with a label.
    """
    if not target.is_classification:
        y, number = _numbers(labelled["label"]), _numbers(labelled["prediction"])
        usable = np.isfinite(y) & np.isfinite(number)
        return labelled.filter(pa.array(usable)), Verified(y[usable], number[usable], None)
    classes = pa.array(target.classes, pa.string())
    truth = pc.index_in(labelled["label"].cast(pa.string()), classes)
    decided = pc.index_in(labelled["prediction"].cast(pa.string()), classes)
    kept = pc.and_(pc.is_valid(truth), pc.is_valid(decided))
    rows = labelled.filter(kept)
    probabilities = (
        _probabilities(rows["probability"])
        if target.task == "binary"
        else _by_class(rows["probabilities"], target.classes)
    )
    return rows, Verified(_codes(truth.filter(kept)), probabilities, _codes(decided.filter(kept)))


def segments_of(use_case: UseCase, joined: pa.Table) -> dict[str, np.ndarray]:
    """Return by segment the group that each score was put in when it was made."""
    texts = joined["segments"].combine_chunks().dictionary_encode()
    known = [msgspec.json.decode(text) if text else {} for text in texts.dictionary.to_pylist()]
    codes = texts.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)
    known.append({})
    return {
        segment.name: np.array(
            [str(groups.get(segment.name, "missing")) for groups in known], dtype=object
        )[codes]
        for segment in use_case.segments
    }


def moments(column: pa.ChunkedArray) -> np.ndarray:
    """Return moments as datetime64 in microseconds, UTC."""
    instants = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    return np.asarray(instants.to_numpy()).astype("datetime64[us]")


def counts(column: pa.ChunkedArray) -> dict[str, int]:
    """Return how many rows have each value."""
    return {pair["values"]: pair["counts"] for pair in column.value_counts().to_pylist()}


def _codes(column: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(column.to_numpy()).astype(np.int64)


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """Return texts as floats, NaN where one is no number.

    Python's own parser gives back the very float that was stored; the vectorised ones may round.
    """
    return np.array([_number(text) for text in column.to_pylist()], dtype=float)


def _number(text: object) -> float:
    try:
        return float(str(text))
    except ValueError:
        return float("nan")


def _probabilities(column: pa.ChunkedArray) -> np.ndarray | None:
    """Return the stored probabilities, or None when a score has none."""
    if column.null_count:
        return None
    return np.asarray(column.cast(pa.float64()).to_numpy())


def _by_class(column: pa.ChunkedArray, classes: tuple[str, ...]) -> np.ndarray | None:
    """Return the stored probabilities by class, or None when a score lacks one."""
    decode = msgspec.json.Decoder(dict[str, float]).decode
    rows = [decode(text or "{}") for text in column.to_pylist()]
    if any(name not in row for row in rows for name in classes):
        return None
    return np.array([[row[name] for name in classes] for row in rows]).reshape(-1, len(classes))
