"""The door of bundles: pack a version, take one in, say what came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

from crispml_core.domain.bundles import Approval, BundleImport, ImportOutcome
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.bundles.authors import BundleAuthors
from crispml_core.pipelines.bundles.exporting import OutgoingBundle, approvals_of, export_bundle
from crispml_core.pipelines.bundles.importing import import_bundle
from crispml_core.pipelines.stores import TrainingStores
from crispml_core.ports.bundle_format import BundleFormat
from crispml_core.ports.run_store import RunStore
from crispml_core.ports.signer import Signer


class Bundles:
    """Bundles of one environment.

    Parameters
    ----------
    runs : RunStore
        Knows the runs that made versions.
    container : BundleFormat
        How members lie in a file.
    signer : Signer or None
        Signs what is exported; None where signing is off.
    authors : BundleAuthors
        Knows whose bundles are taken in; by default everybody's.
    """

    def __init__(
        self,
        use_cases: Mapping[str, UseCase],
        stores: TrainingStores,
        runs: RunStore,
        container: BundleFormat,
        signer: Signer | None = None,
        authors: BundleAuthors | None = None,
    ) -> None:
        self._use_cases, self._stores = use_cases, stores
        self._runs, self._container = runs, container
        self._signer = signer
        self._authors = BundleAuthors() if authors is None else authors

    def export(self, model: str, version: str) -> OutgoingBundle:
        """Pack a version; see `crispml_core.pipelines.bundles.exporting.export_bundle`."""
        use_case = self._use_cases.get(model)
        return export_bundle(
            self._stores, self._runs, self._container, use_case, model, version, self._signer
        )

    def take_in(self, file: BinaryIO, *, imported_by: str = "") -> ImportOutcome:
        """Take a bundle in; see `crispml_core.pipelines.bundles.importing.import_bundle`."""
        return import_bundle(
            self._stores,
            self._container,
            self._use_cases,
            file,
            authors=self._authors,
            imported_by=imported_by,
        )

    def approvals(self, model: str, version: str) -> list[Approval]:
        """Return every move of an alias that binds the bytes of a version, oldest first."""
        digest = self._stores.models.digest(model, version)
        return approvals_of(self._stores, model, version, digest)

    def imports(
        self, model: str | None = None, limit: int = 50, before: str | None = None
    ) -> list[BundleImport]:
        """Return imports, newest first, older than that of the bundle `before`."""
        return self._stores.imports.find(model=model, limit=limit, before=before)
