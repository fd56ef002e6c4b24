"""The catalogue over its stores: manifests on the volume, notes in the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crispml_core.domain.catalogue import (
    CatalogueEntry,
    CatalogueSearch,
    DataSetNote,
    check_changes,
    check_fall,
    entry_of,
    highest,
    rank,
)
from crispml_core.domain.datasets import DataSet, Stage
from crispml_core.domain.errors import NotFound
from crispml_core.ports.dataset_notes import ANY_SEQUENCE, DataSetNotes
from crispml_core.ports.dataset_store import DataSetStore


class Catalogue:
    """Data sets with what is said about them, found and described."""

    def __init__(self, datasets: DataSetStore, notes: DataSetNotes) -> None:
        self._datasets, self._notes = datasets, notes

    def get(self, dataset_id: str) -> CatalogueEntry:
        """Return a data set as it is described now, or raise `NotFound`."""
        return self._entries([self._datasets.get(dataset_id)])[0]

    def find(
        self, use_case: str | None, stage: Stage | None, what: CatalogueSearch
    ) -> list[CatalogueEntry]:
        """Return the data sets that a search finds, newest first."""
        return [e for e in self._entries(self._datasets.find(use_case, stage)) if what.finds(e)]

    def history(self, dataset_id: str) -> list[DataSetNote]:
        """Return the notes about a data set, newest first, or raise `NotFound`."""
        self._datasets.get(dataset_id)
        return self._notes.of([dataset_id]).get(dataset_id, [])[::-1]

    def describe(
        self,
        dataset_id: str,
        changes: Mapping[str, Any],
        *,
        expected: int,
        noted_by: str = "",
        reason: str = "",
    ) -> CatalogueEntry:
        """Note a change and return the data set as it is described from now on.

        Raises
        ------
        InvalidInput
            If a change cannot be said, or lets the sensitivity fall without a reason.
        PreconditionFailed
            If another note came since the `expected` one.
        """
        checked = check_changes(changes)
        dataset = self._datasets.get(dataset_id)
        now = self._entries([dataset])[0]
        floor = highest(parent.sensitivity for parent in self._entries(self._parents([dataset])))
        wanted = checked.get("sensitivity")
        if wanted is not None:
            check_fall(max(now.sensitivity, floor or wanted, key=rank), wanted, reason)
        elif "sensitivity" in checked:
            check_fall(now.sensitivity, floor or dataset.sensitivity, reason)
        self._notes.add(
            dataset_id, checked, expected=expected, noted_by=noted_by, reason=reason, floor=floor
        )
        return self.get(dataset_id)

    def say_again(self, dataset_id: str, said: Mapping[str, Any], noted_by: str) -> None:
        """Note what an ingestion says about data that were there already.

        What it does not say stays, and it never makes data less confidential: nobody looked.
        """
        now = self.get(dataset_id)
        changes = {
            name: value
            for name, value in said.items()
            if value and (tuple(value) if name == "tags" else value) != getattr(now, name)
        }
        if rank(changes.get("sensitivity", now.sensitivity)) < rank(now.sensitivity):
            del changes["sensitivity"]
        if changes:
            self.describe(
                dataset_id,
                changes,
                expected=ANY_SEQUENCE,
                noted_by=noted_by,
                reason="the same data were ingested again",
            )

    def _parents(self, datasets: Iterable[DataSet]) -> list[DataSet]:
        """Return the parents that are data sets and still there."""
        found = []
        for name in dict.fromkeys(name for dataset in datasets for name in dataset.parents):
            try:
                found.append(self._datasets.get(name))
            except NotFound:
                continue
        return found

    def _entries(self, datasets: list[DataSet]) -> list[CatalogueEntry]:
        """Describe data sets; their ancestors are described first, generation by generation."""
        generations = [datasets]
        while generations[-1]:
            generations.append(self._parents(generations[-1]))
        known = {dataset.id: dataset for generation in generations for dataset in generation}
        notes = self._notes.of(list(known))
        described: dict[str, CatalogueEntry] = {}
        for generation in reversed(generations):
            for dataset in generation:
                if dataset.id not in described:
                    parents = [described[name] for name in dataset.parents if name in described]
                    described[dataset.id] = entry_of(dataset, notes.get(dataset.id, []), parents)
        return [described[dataset.id] for dataset in datasets]
