"""The calls about data sets, which the training service offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crispml_core.client.catalogue import Catalogue
from crispml_core.client.http import API, below
from crispml_core.client.pages import Listing
from crispml_core.domain.catalogue import CatalogueEntry, DataSetNote
from crispml_core.domain.dataset_diff import DataSetDiff
from crispml_core.domain.dataset_privacy import PrivacyReport
from crispml_core.domain.datasets import Stage

PARQUET = "application/vnd.apache.parquet"
# Large data sets are read several times.
_LOOK_TIMEOUT_S = 3600.0


class DataSetCalls(Catalogue):
    """Data sets: found, described and read."""

    def datasets(
        self,
        *,
        use_case: str | None = None,
        stage: Stage | None = None,
        words: str | None = None,
        tag: str | None = None,
        owner: str | None = None,
        sensitivity: str | None = None,
        limit: int | None = None,
    ) -> Listing[CatalogueEntry]:
        """Yield data sets, newest first.

        Parameters
        ----------
        words : str, optional
            Words that all occur in what is said about a data set, or in its column names.
        """
        params = {
            "use_case": use_case,
            "stage": stage and stage.value,
            "q": words,
            "tag": tag,
            "owner": owner,
            "sensitivity": sensitivity,
        }
        return self._items("/datasets", CatalogueEntry, params, limit=limit)

    def dataset(self, dataset_id: str) -> CatalogueEntry:
        """Return the manifest of a data set with what is said about it now."""
        return self.connection.get("/datasets" + below(dataset_id), CatalogueEntry)

    def describe_dataset(
        self,
        dataset_id: str,
        changes: Mapping[str, Any],
        *,
        expected: int | None,
        reason: str = "",
        noted_by: str = "",
    ) -> CatalogueEntry:
        """Say something about a data set.

        Parameters
        ----------
        changes : mapping
            Of ``owner``, ``description``, ``tags`` and ``sensitivity``; None takes back.
        expected : int or None
            The sequence of the description that the caller saw; None to change it in any case.

        Raises
        ------
        RequestRefused
            With status 412, if somebody described it since.
        """
        response = self.connection.request(
            "PATCH",
            API + "/datasets" + below(dataset_id),
            body={**changes, "reason": reason, "noted_by": noted_by},
            headers={"If-Match": "*" if expected is None else f'"{expected}"'},
        )
        return self.connection.decode(response, CatalogueEntry)

    def dataset_notes(self, dataset_id: str) -> Listing[DataSetNote]:
        """Yield every change of what is said about a data set, newest first."""
        return self._items("/datasets" + below(dataset_id, "notes"), DataSetNote)

    def diff_datasets(self, before: str, after: str, *, sample: int | None = None) -> DataSetDiff:
        """Return what is different in the data set `after`, compared with `before`."""
        path = "/datasets" + below(before, "diff", after)
        return self.connection.decode(
            self.connection.request(
                "GET", API + path, params={"sample": sample}, timeout_s=_LOOK_TIMEOUT_S
            ),
            DataSetDiff,
        )

    def privacy_report(
        self,
        dataset_id: str,
        *,
        quasi_identifiers: Sequence[str] | None = None,
        sensitive: Sequence[str] | None = None,
        k: int | None = None,
        l: float | None = None,  # noqa: E741  # as in the literature
        diversity: str | None = None,
        c: float | None = None,
    ) -> PrivacyReport:
        """Return how well the rows of a data set hide one another.

        What is left out is as the use case declares it, see
        `crispml_core.domain.dataset_privacy.DataSetPrivacy`.
        """
        params = {
            "quasi_identifiers": None if quasi_identifiers is None else ",".join(quasi_identifiers),
            "sensitive": None if sensitive is None else ",".join(sensitive),
            "k": k,
            "l": l,
            "diversity": diversity,
            "c": c,
        }
        path = "/datasets" + below(dataset_id, "privacy-report")
        return self.connection.decode(
            self.connection.request("GET", API + path, params=params, timeout_s=_LOOK_TIMEOUT_S),
            PrivacyReport,
        )

    def rows(
        self,
        dataset_id: str,
        *,
        split: str | None = None,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> Listing[dict[str, Any]]:
        """Yield rows of a data set in order, by column name."""
        params = {"split": split, "columns": None if columns is None else ",".join(columns)}
        return self._items(
            "/datasets" + below(dataset_id, "rows"), dict[str, Any], params, limit=limit
        )

    def download(self, dataset_id: str, file: Path) -> None:
        """Write a data set to a Parquet file."""
        path = "/datasets" + below(dataset_id, "content")
        with self.connection.stream(path, accept=PARQUET) as response, file.open("wb") as target:
            for chunk in response.iter_bytes():
                target.write(chunk)
