"""Who may carry a data set away: nobody, unless it is what its use case asks for."""

from __future__ import annotations

from collections.abc import Mapping

from crispml_core.domain.dataset_privacy import DataSetPrivacy
from crispml_core.domain.datasets import DataSet
from crispml_core.domain.errors import NotFound
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.anonymity import PrivacyRefused, check_anonymity
from crispml_core.pipelines.anonymity import privacy_report
from crispml_core.ports.dataset_store import DataSetStore


class DataSetDoor:
    """Holds data sets against the privacy of their use cases before rows of them are given away.

    A data set never changes, so each is looked at once for each thing that is asked.
    """

    def __init__(self, use_cases: Mapping[str, UseCase], datasets: DataSetStore) -> None:
        self._use_cases, self._datasets = use_cases, datasets
        self._fine: set[tuple[str, DataSetPrivacy]] = set()

    def check(self, dataset_id: str) -> None:
        """Raise `PrivacyRefused` if rows of the data set must not leave; or `NotFound`."""
        dataset = self._datasets.get(dataset_id)
        use_case = self._use_cases.get(dataset.use_case)
        if use_case is None or not use_case.privacy.is_demanding:
            return
        judged = self._judged(dataset, use_case.privacy)
        if judged is None:
            raise PrivacyRefused(
                "the data set lacks a column that privacy.k and privacy.l look at, and so does "
                "what it was made from, so nobody can tell whether it may leave"
            )
        known = (judged, use_case.privacy)
        if known not in self._fine:
            check_anonymity(privacy_report(self._datasets, judged, use_case.privacy))
            self._fine.add(known)

    def _judged(self, dataset: DataSet, asked: DataSetPrivacy) -> str | None:
        """Return the data set itself or, where it holds encoded columns, what it was made from."""
        if set(asked.columns) <= {column.name for column in dataset.columns}:
            return dataset.id
        for parent in dataset.parents:
            try:
                return self._judged(self._datasets.get(parent), asked)
            except NotFound:
                continue
        return None
