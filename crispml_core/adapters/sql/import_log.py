"""Imported bundles and the approvals that came with them, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, insert, or_, select

from crispml_core.adapters.sql.databases.engine import reading, writing
from crispml_core.adapters.sql.databases.errors import ConstraintBroken
from crispml_core.adapters.sql.databases.retries import retried
from crispml_core.adapters.sql.schema.idempotency import digest
from crispml_core.adapters.sql.schema.tables import approvals as approvals_table
from crispml_core.adapters.sql.schema.tables import bundle_imports
from crispml_core.domain.bundles import Approval, BundleImport
from crispml_core.domain.errors import Conflict

_ATTEMPTS = 10
_APPROVAL = tuple(field.name for field in fields(Approval))
_IMPORT = tuple(field.name for field in fields(BundleImport))


class SqlImportLog:
    """Imports in a SQL database; see `crispml_core.ports.import_log.ImportLog`.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @retried
    def add(self, record: BundleImport, approvals: Sequence[Approval]) -> BundleImport:
        """Keep a bundle and those of its approvals that are not kept yet."""
        rows = {_identity(approval): approval for approval in approvals}
        for _ in range(_ATTEMPTS):
            try:
                with writing(self._engine) as connection:
                    first = _known(connection, record.bundle)
                    if first is None:
                        connection.execute(insert(bundle_imports).values(asdict(record)))
                    kept = select(approvals_table.c.approval_digest).where(
                        approvals_table.c.model == record.model,
                        approvals_table.c.version == record.version,
                    )
                    for known in connection.execute(kept).scalars():
                        rows.pop(known, None)
                    # In one order, so that two imports cannot wait for each other.
                    for identity, approval in sorted(rows.items()):
                        values = asdict(replace(approval, bundle=record.bundle))
                        connection.execute(
                            insert(approvals_table).values(approval_digest=identity, **values)
                        )
                return first or record
            except ConstraintBroken:
                continue
        raise Conflict("the same bundle keeps being imported: try again")

    @retried
    def approvals(self, model: str, version: str) -> list[Approval]:
        """Return the approvals of a version that came with bundles, oldest first."""
        query = (
            select(approvals_table)
            .where(approvals_table.c.model == model, approvals_table.c.version == version)
            .order_by(
                approvals_table.c.moved_at,
                approvals_table.c.environment,
                approvals_table.c.sequence,
            )
        )
        with reading(self._engine) as connection:
            return [
                Approval(**{name: getattr(row, name) for name in _APPROVAL})
                for row in connection.execute(query)
            ]

    @retried
    def find(
        self,
        *,
        model: str | None = None,
        version: str | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[BundleImport]:
        """Return imports, newest first, older than that of the bundle `before`."""
        moment, bundle = bundle_imports.c.imported_at, bundle_imports.c.bundle
        query = select(bundle_imports).order_by(moment.desc(), bundle.desc()).limit(limit)
        if model is not None:
            query = query.where(bundle_imports.c.model == model)
        if version is not None:
            query = query.where(bundle_imports.c.version == version)
        with reading(self._engine) as connection:
            if before is not None:
                last = _known(connection, before)
                if last is None:
                    return []
                older = and_(moment == last.imported_at, bundle < last.bundle)
                query = query.where(or_(moment < last.imported_at, older))
            return [_import(row) for row in connection.execute(query)]


def _identity(approval: Approval) -> str:
    """Return what tells one move from another, in whichever bundle it comes."""
    return digest(
        approval.model,
        approval.version,
        approval.digest,
        approval.environment,
        approval.alias,
        str(approval.sequence),
        approval.moved_at.isoformat(),
    )


def _known(connection: Connection, bundle: str) -> BundleImport | None:
    query = select(bundle_imports).where(bundle_imports.c.bundle == bundle)
    row = connection.execute(query).one_or_none()
    return None if row is None else _import(row)


def _import(row: Row[Any]) -> BundleImport:
    return BundleImport(**{name: getattr(row, name) for name in _IMPORT})
