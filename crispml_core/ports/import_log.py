"""Which bundles were taken in, and the approvals that came with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crispml_core.domain.bundles import Approval, BundleImport


class ImportLog(Protocol):
    """An append-only log of imported bundles and of approvals."""

    def add(self, record: BundleImport, approvals: Sequence[Approval]) -> BundleImport:
        """Keep a bundle and those of its approvals that are not kept yet.

        Returns
        -------
        BundleImport
            The record that was kept first for this bundle.
        """
        ...

    def approvals(self, model: str, version: str) -> list[Approval]:
        """Return the approvals of a version that came with bundles, oldest first."""
        ...

    def find(
        self,
        *,
        model: str | None = None,
        version: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[BundleImport]:
        """Return imports, newest first, older than that of the bundle `before`."""
        ...
