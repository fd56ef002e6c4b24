"""Finding what belongs to a data subject: scores, labels, rows of data sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.domain.datasets import SUBJECT_COLUMN, DataSet
from crispml_core.domain.erasures import HeldScore
from crispml_core.domain.labels import StoredLabel
from crispml_core.domain.privacy import changed, key_rule
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.subjects.stores import SubjectStores

if TYPE_CHECKING:
    from collections.abc import Sequence

_PAGE = 500


def scores_of(stores: SubjectStores, subject: str) -> Iterator[HeldScore]:
    """Yield the scores of a subject: by its key, and by its record where the record is its name."""
    key_id = stores.vault.identify(subject)
    with_keys = [name for name, use_case in stores.use_cases.items() if use_case.has_subjects]
    if with_keys:
        yield from stores.rows.scores(with_keys, key_id)
    for use_case in stores.use_cases.values():
        if use_case.subject_field == use_case.record_key:
            for held in stores.rows.scores_of_record(
                use_case.name, _stored(stores, use_case, subject)
            ):
                # Those with a key came before.
                if held.subject_key_id != key_id or not use_case.has_subjects:
                    yield held


def labels_of(
    stores: SubjectStores, subject: str, scores: Iterable[tuple[str, str, str]]
) -> Iterator[StoredLabel]:
    """Yield the labels about a subject, each once.

    Parameters
    ----------
    scores : iterable of tuple
        Use case, id and record key of each score of the subject.
    """
    known = list(scores)
    questions = {(use_case, "score_id", score_id) for use_case, score_id, _ in known}
    questions |= {(use_case, "record_key", key) for use_case, _, key in known}
    questions |= {
        # Labels of records that were never scored.
        (use_case.name, "record_key", _stored(stores, use_case, subject))
        for use_case in stores.use_cases.values()
        if use_case.subject_field == use_case.record_key
    }
    seen: set[str] = set()
    for use_case, about, value in sorted(questions):
        for label in _labels(stores, use_case, about, value):
            if label.label_id not in seen:
                seen.add(label.label_id)
                yield label


def _labels(stores: SubjectStores, use_case: str, about: str, value: str) -> Iterator[StoredLabel]:
    before: str | None = None
    while True:
        page = stores.labels.find(use_case=use_case, limit=_PAGE, before=before, **{about: value})
        yield from page
        if len(page) < _PAGE:
            return
        before = page[-1].label_id


def rows_of(stores: SubjectStores, subject: str) -> Iterator[tuple[DataSet, pa.RecordBatch]]:
    """Yield the rows of a subject in each data set that says whose they are, in bounded memory."""
    for use_case in stores.use_cases.values():
        for dataset in stores.datasets.find(use_case.name):
            column, wanted = _whose(stores, use_case, dataset, subject)
            if column is not None:
                for batch in stores.datasets.batches(dataset.id):
                    mine = batch.filter(_is_in(batch.column(column), wanted))
                    if mine.num_rows:
                        yield dataset, mine


def count_rows(stores: SubjectStores, subject: str) -> Iterator[tuple[DataSet, bool, int]]:
    """Yield how many rows of a subject each data set has, and whether they end with its key."""
    for use_case in stores.use_cases.values():
        for dataset in stores.datasets.find(use_case.name):
            column, wanted = _whose(stores, use_case, dataset, subject)
            if column is not None:
                batches = stores.datasets.batches(dataset.id, [column])
                rows = sum(
                    pc.sum(_is_in(batch.column(column), wanted)).as_py() or 0 for batch in batches
                )
                if rows:
                    yield dataset, column == SUBJECT_COLUMN, rows


def _whose(
    stores: SubjectStores, use_case: UseCase, dataset: DataSet, subject: str
) -> tuple[str | None, Sequence[str]]:
    """Return the column that says whose a row is, and what it has for a subject."""
    names = {column.name for column in dataset.columns}
    if SUBJECT_COLUMN in names:
        return SUBJECT_COLUMN, [stores.vault.identify(subject)]
    if use_case.subject_field in names:
        return use_case.subject_field, [subject]
    return None, []


def _is_in(column: pa.Array, wanted: Sequence[str]) -> pa.Array:
    return pc.is_in(column.cast(pa.string()), pa.array(wanted, pa.string()))


def _stored(stores: SubjectStores, use_case: UseCase, subject: str) -> str:
    """Return what is stored in place of a record key."""
    return str(changed(key_rule(use_case, stores.privacy.secrets), [subject])[0])
