"""What tells the numbers that only the database knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from sqlalchemy import Engine

from crispml_core.adapters.sql.alias_log import SqlAliasLog
from crispml_core.adapters.sql.approval_log import SqlApprovalLog
from crispml_core.adapters.sql.monitor_store import SqlMonitorStore
from crispml_core.adapters.sql.outbox import SqlOutbox
from crispml_core.adapters.sql.report_store import SqlReportStore
from crispml_core.adapters.sql.run_store import SqlRunStore
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.figures.late import LateReading
from crispml_core.pipelines.figures.read import Figures, FigureStores, ReadFigures
from crispml_core.pipelines.standing import unapproved
from crispml_core.pipelines.stores import TrainingStores


def build_figures(
    use_cases: Mapping[str, UseCase], engine: Engine, training: TrainingStores
) -> LateReading[Figures]:
    """Return what reads the numbers of a database.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        Not the one of the requests: they shall not wait for it, nor it for them.
    training : TrainingStores
        Has the versions, and the rules by which they need an approval.
    """
    aliases = SqlAliasLog(engine)
    looked_at = replace(training, aliases=aliases, approvals=SqlApprovalLog(engine))
    stores = FigureStores(
        aliases=aliases,
        reports=SqlReportStore(engine),
        runs=SqlRunStore(engine),
        findings=SqlMonitorStore(engine),
        outbox=SqlOutbox(engine),
        unapproved=partial(unapproved, looked_at),
    )
    return LateReading(ReadFigures(use_cases, stores))
