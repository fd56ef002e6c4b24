"""Decisions about versions as rows that are only added."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select

from crispml_core.adapters.sql.databases.engine import reading, writing
from crispml_core.adapters.sql.databases.errors import ConstraintBroken
from crispml_core.adapters.sql.databases.retries import retried, retried_by_key
from crispml_core.adapters.sql.schema.tables import version_approvals
from crispml_core.domain.approval import DecisionKind, VersionDecision
from crispml_core.domain.errors import Conflict

_FIELDS = tuple(field.name for field in fields(VersionDecision))


class SqlApprovalLog:
    """Decisions in a SQL database; see `crispml_core.ports.approval_log.ApprovalLog`.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        From `make_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @retried_by_key  # it has an id of its own
    def add(self, decision: VersionDecision) -> VersionDecision:
        """Keep a decision; one of the same id is kept once."""
        try:
            with writing(self._engine) as connection:
                decision = _after_the_others(connection, decision)
                values = asdict(decision) | {"kind": decision.kind.value}
                connection.execute(insert(version_approvals).values(values))
            return decision
        except ConstraintBroken:
            kept = self._find(decision.approval_id)
            if kept is None:
                raise Conflict("the decision could not be kept: try again") from None
            return kept

    @retried
    def decisions(self, model: str, version: str) -> list[VersionDecision]:
        """Return all decisions about a version, oldest first."""
        query = (
            select(version_approvals)
            .where(version_approvals.c.model == model, version_approvals.c.version == version)
            .order_by(version_approvals.c.decided_at, version_approvals.c.approval_id)
        )
        with reading(self._engine) as connection:
            return [_decision(row) for row in connection.execute(query)]

    @retried
    def broken_glass(self, model: str) -> list[VersionDecision]:
        """Return when versions of a model were let answer without an approval, oldest first."""
        query = (
            select(version_approvals)
            .where(
                version_approvals.c.model == model,
                version_approvals.c.kind == DecisionKind.BREAK_GLASS.value,
            )
            .order_by(version_approvals.c.decided_at, version_approvals.c.approval_id)
        )
        with reading(self._engine) as connection:
            return [_decision(row) for row in connection.execute(query)]

    def _find(self, approval_id: str) -> VersionDecision | None:
        query = select(version_approvals).where(version_approvals.c.approval_id == approval_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _decision(row)


def _after_the_others(connection: Connection, decision: VersionDecision) -> VersionDecision:
    """Let a decision follow those that are there: clocks of two processes differ."""
    query = select(func.max(version_approvals.c.decided_at)).where(
        version_approvals.c.model == decision.model,
        version_approvals.c.version == decision.version,
    )
    last = connection.execute(query).scalar()
    if last is None or decision.decided_at > last:
        return decision
    return replace(decision, decided_at=last + timedelta(microseconds=1))


def _decision(row: Row[Any]) -> VersionDecision:
    found = {name: getattr(row, name) for name in _FIELDS}
    return VersionDecision(**found | {"kind": DecisionKind(row.kind)})
