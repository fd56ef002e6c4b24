"""The labelled records that a champion and its challenger are compared on.

A record counts once, with the first score that has a label, and records are in the order in which
their labels came: that is the order in which somebody who looks again and again sees them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.tables.joined import moments

_PREFIX = 30  # characters of a score id before its row


def paired_rows(
    answered: pa.Table, shadows: pa.Table, pairs: pa.Table
) -> tuple[pa.Table, pa.Table]:
    """Return the same labelled records twice: as they were answered, and as in the shadow.

    Parameters
    ----------
    answered, shadows : pyarrow.Table
        As `crispml_core.ports.score_ledger.ScoreLedger.with_labels` returns them.
    pairs : pyarrow.Table
        As `crispml_core.ports.score_ledger.ScoreLedger.shadow_pairs` returns it.
    """
    shadow_of = pc.index_in(_group_ids(shadows["score_id"]), pairs["group_id"].combine_chunks())
    group = pairs["shadow_of"].combine_chunks().take(shadow_of.combine_chunks())
    row = pc.utf8_slice_codeunits(shadows["score_id"].combine_chunks(), _PREFIX)
    prefix = pc.utf8_slice_codeunits(group, 0, _PREFIX)
    ids = pc.binary_join_element_wise(prefix, row, "")
    labelled = answered.filter(pc.is_valid(answered["label"]))
    place = pc.index_in(labelled["score_id"], ids).combine_chunks()
    labelled, place = labelled.filter(pc.is_valid(place)), place.drop_null()
    kept = _first_of_each(labelled)
    labelled = labelled.take(kept)
    of_shadow = shadows.take(place.take(kept))
    truth = of_shadow.schema.get_field_index("label")
    return labelled, of_shadow.set_column(truth, "label", labelled["label"])


@dataclass(frozen=True, slots=True)
class SplitRows:
    """Labelled records of a split.

    Parameters
    ----------
    rows : pyarrow.Table
        The records, n of them.
    is_challenger : ndarray of bool, shape (n,)
        Who answered.
    shares : ndarray of shape (n,)
        The share of the challenger when the record was answered.
    """

    rows: pa.Table
    is_challenger: np.ndarray
    shares: np.ndarray


def split_rows(
    answered: pa.Table,
    challenger: str,
    changes: Sequence[tuple[np.datetime64, float]],
    place_of: Callable[[str], float],
) -> SplitRows:
    """Return the labelled records that the split gave to one of the two versions.

    Left out are records that were answered while there was no share, and those that the other
    version answered than the one they belong to: because the challenger failed, the version was
    named in the request, or a process had not heard of a change yet.

    Parameters
    ----------
    answered : pyarrow.Table
        The scores of both versions, as `ScoreLedger.with_labels` returns them.
    challenger : str
        Its version.
    changes : sequence of (datetime64, float)
        From when on the challenger had which share, oldest first.
    place_of : callable
        Where a record key falls in the split.
    """
    labelled = answered.filter(pc.is_valid(answered["label"]))
    labelled = labelled.take(_first_of_each(labelled))
    is_challenger = np.asarray(
        pc.equal(labelled["version"].cast(pa.string()), challenger).to_numpy()
    )
    starts = np.array([moment for moment, _ in changes], "datetime64[us]")
    shares = np.array([0.0, *(share for _, share in changes)])
    share = shares[np.searchsorted(starts, moments(labelled["scored_at"]), side="right")]
    places = np.array([place_of(key) for key in labelled["record_key"].to_pylist()])
    kept = (share > 0.0) & ((places < share) == is_challenger)
    return SplitRows(labelled.filter(pa.array(kept)), is_challenger[kept], share[kept])


def _group_ids(score_ids: pa.ChunkedArray) -> pa.ChunkedArray:
    prefix = pc.utf8_slice_codeunits(score_ids, 0, _PREFIX)
    return pc.binary_join_element_wise(prefix, "000000", "")


def _first_of_each(rows: pa.Table) -> np.ndarray:
    """Return the places of the first row of each record, by when its label came."""
    keys = rows["record_key"].cast(pa.string()).combine_chunks().dictionary_encode().indices
    _, first = np.unique(np.asarray(keys.to_numpy()), return_index=True)
    first = np.sort(first)
    received = moments(rows["received_at"])[first]
    return np.asarray(first[np.argsort(received, kind="stable")])
