"""A log of imported bundles in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crispml_core.domain.bundles import Approval, BundleImport


class FakeImportLog:
    """Imports and approvals that are forgotten with the process."""

    def __init__(self) -> None:
        self._imports: dict[str, BundleImport] = {}
        self._approvals: dict[tuple[object, ...], Approval] = {}

    def add(self, record: BundleImport, approvals: Sequence[Approval]) -> BundleImport:
        """Keep a bundle and those of its approvals that are not kept yet."""
        for approval in approvals:
            identity = (
                *(approval.model, approval.version, approval.digest, approval.environment),
                *(approval.alias, approval.sequence, approval.moved_at),
            )
            self._approvals.setdefault(identity, replace(approval, bundle=record.bundle))
        return self._imports.setdefault(record.bundle, record)

    def approvals(self, model: str, version: str) -> list[Approval]:
        """Return the approvals of a version that came with bundles, oldest first."""
        found = [
            approval
            for approval in self._approvals.values()
            if (approval.model, approval.version) == (model, version)
        ]
        return sorted(found, key=lambda one: (one.moved_at, one.environment, one.sequence))

    def find(
        self,
        *,
        model: str | None = None,
        version: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[BundleImport]:
        """Return imports, newest first, older than that of the bundle `before`."""
        last = self._imports.get(before) if before is not None else None
        if before is not None and last is None:
            return []
        found = [
            record
            for record in self._imports.values()
            if model in (None, record.model)
            and version in (None, record.version)
            and (last is None or _place(record) < _place(last))
        ]
        return sorted(found, key=_place, reverse=True)[:limit]


def _place(record: BundleImport) -> tuple[object, str]:
    return record.imported_at, record.bundle
