"""How well the rows of a data set hide one another, counted while they are written or read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crispml_core.domain.dataset_privacy import DataSetPrivacy, Diversity, PrivacyReport
from crispml_core.domain.errors import InvalidInput, did_you_mean
from crispml_core.governance.anonymity import check_anonymity
from crispml_core.monitoring.anonymity import class_diversity, distribution
from crispml_core.ports.dataset_store import DataSetStore
from crispml_core.tables.equivalence import Cells, EquivalenceClasses

if TYPE_CHECKING:
    import pyarrow as pa


class PrivacyCount:
    """Counts the classes of a data set batch by batch.

    Parameters
    ----------
    asked : DataSetPrivacy
        Names at least one quasi-identifier.
    """

    def __init__(self, asked: DataSetPrivacy) -> None:
        self._asked = asked
        self._counts = [
            (column, EquivalenceClasses(asked.quasi_identifiers, column))
            for column in asked.sensitive or (None,)
        ]

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the next rows."""
        for _, classes in self._counts:
            classes.add(batch)

    def report(self, dataset_id: str = "") -> PrivacyReport:
        """Return what was counted."""
        asked = self._asked
        rows = np.empty(0, np.int64)
        diversity = []
        for column, classes in self._counts:
            cells = classes.result()
            rows = cells.rows
            if column is not None and len(rows):
                diversity.append(_diversity(column, cells, asked))
        small = rows < asked.k
        total = int(rows.sum())
        below = [int(small.sum()), *(found.classes_below for found in diversity)]
        return PrivacyReport(
            dataset_id=dataset_id,
            asked=asked,
            rows=total,
            classes=len(rows),
            k=int(rows.min()) if total else 0,
            risk=len(rows) / total if total else 0.0,
            unique_rows=int((rows == 1).sum()),
            classes_below=below[0],
            rows_below=int(rows[small].sum()),
            sizes=distribution(rows),
            diversity=tuple(diversity),
            holds=not any(below),
        )


class PrivacyGuard:
    """Refuses a data set that is being written, unless it is what its use case asks for."""

    def __init__(self, asked: DataSetPrivacy) -> None:
        self._count = PrivacyCount(asked) if asked.is_demanding else None

    def add(self, batch: pa.RecordBatch) -> None:
        """Look at the next rows."""
        if self._count is not None:
            self._count.add(batch)

    def check(self) -> None:
        """Raise `PrivacyRefused` when the rows so far are not what is asked for."""
        if self._count is not None:
            check_anonymity(self._count.report())


def privacy_report(datasets: DataSetStore, dataset_id: str, asked: DataSetPrivacy) -> PrivacyReport:
    """Hold a data set against what is asked for; it is read once.

    Raises
    ------
    NotFound, RegistryDamaged
        If it is not there or not what its manifest says.
    InvalidInput
        If no quasi-identifier is named, or the data set lacks a column.
    """
    known = [column.name for column in datasets.get(dataset_id).columns]
    if not asked.quasi_identifiers:
        raise InvalidInput(
            "quasi_identifiers: name the columns that together may tell who a row is about; the "
            "use case declares none"
        )
    for what in ("quasi_identifiers", "sensitive"):
        for position, name in enumerate(getattr(asked, what), start=1):
            if name not in known:
                raise InvalidInput(
                    f"{what}: name {position} is not a column{did_you_mean(name, known)}; "
                    f"known: {', '.join(known)}"
                )
    count = PrivacyCount(asked)
    for batch in datasets.batches(dataset_id, asked.columns):
        count.add(batch)
    return count.report(dataset_id)


def _diversity(column: str, cells: Cells, asked: DataSetPrivacy) -> Diversity:
    found = class_diversity(cells.starts, cells.counts, cells.values, asked.c)
    # An entropy of exactly log l may come out a rounding error below it.
    below = found.of_kind(asked.diversity) < asked.l * (1 - 1e-12)
    return Diversity(
        column=column,
        distinct=int(found.distinct.min()),
        entropy=float(found.entropy.min()),
        recursive=int(found.recursive.min()),
        closeness=float(found.closeness.max()),
        disclosed_rows=int(cells.rows[found.distinct == 1].sum()),
        classes_below=int(below.sum()),
        rows_below=int(cells.rows[below].sum()),
    )
