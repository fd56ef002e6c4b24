"""Comparing two data sets: what the manifests say, and the rows where those differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from crispml_core.domain.dataset_diff import (
    MAX_SAMPLE,
    ColumnsDiff,
    DataSetDiff,
    RowsDiff,
    check_comparable,
    diff_columns,
    moved_profile,
)
from crispml_core.domain.datasets import DataSet
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.use_case import UseCase
from crispml_core.ports.dataset_store import DataSetStore
from crispml_core.tables.difference import Side, diff_by_content, diff_by_key

if TYPE_CHECKING:
    import pyarrow as pa


def diff_datasets(
    datasets: DataSetStore, use_case: UseCase | None, before_id: str, after_id: str, sample: int
) -> DataSetDiff:
    """Compare two data sets of one use case and one stage.

    Parameters
    ----------
    use_case : UseCase or None
        Theirs, which says what the record key is and whether it may be shown; None when it is not
        loaded, then whole rows are compared.
    sample : int
        How many record keys are shown, of each kind of difference.

    Raises
    ------
    NotFound, InvalidInput, RegistryDamaged
        If one is not there, they cannot be compared, or a file is not what its manifest says.
    """
    if not 0 <= sample <= MAX_SAMPLE:
        raise InvalidInput(f"sample must be a whole number from 0 to {MAX_SAMPLE}")
    before, after = datasets.get(before_id), datasets.get(after_id)
    check_comparable(before, after)
    columns = diff_columns(before.columns, after.columns)
    key = None if use_case is None else use_case.record_key
    notes = []
    if use_case is None:
        notes.append("the use case is not loaded, so whole rows are compared")
    elif key not in _names(before) or key not in _names(after):
        key = None
        notes.append("one of both has no record key, so whole rows are compared")
    elif sample and use_case.schema[use_case.record_key].privacy != "keep":
        sample = 0
        notes.append("the privacy policy of the record key keeps keys out of the sample")
    return DataSetDiff(
        before=before.id,
        after=after.id,
        identical=before.content_digest == after.content_digest,
        rows_before=before.rows,
        rows_after=after.rows,
        columns=columns,
        rows=_rows(datasets, before, after, key, columns, sample),
        moved={
            name: moved
            for name in _names(before)
            if name in before.profile and name in after.profile
            if (
                moved := moved_profile(
                    before.profile[name], after.profile[name], (before.rows, after.rows)
                )
            )
        },
        notes=tuple(notes),
    )


def _rows(
    datasets: DataSetStore,
    before: DataSet,
    after: DataSet,
    key: str | None,
    columns: ColumnsDiff,
    sample: int,
) -> RowsDiff:
    common = [name for name in _names(before) if name in _names(after)]
    differ = [*columns.changed, *(change.name for change in columns.retyped)]
    if not differ and before.rows == after.rows:
        return RowsDiff(matched_by=key, same=before.rows)

    def side(dataset: DataSet) -> Side:
        def read(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
            return datasets.batches(dataset.id, names)

        return Side(dataset.rows, read)

    if key is None:
        return diff_by_content(side(before), side(after), common)
    # With the same keys in the same order, equal digests mean that no row differs in a column.
    compared = common if key in differ else differ
    return diff_by_key(
        side(before),
        side(after),
        key,
        [name for name in compared if name != key],
        sample=sample,
    )


def _names(dataset: DataSet) -> list[str]:
    return [column.name for column in dataset.columns]
