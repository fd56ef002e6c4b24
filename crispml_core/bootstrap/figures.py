"""What tells the numbers that only the database knows."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine

from crispml_core.adapters.sql.alias_log import SqlAliasLog
from crispml_core.adapters.sql.monitor_store import SqlMonitorStore
from crispml_core.adapters.sql.outbox import SqlOutbox
from crispml_core.adapters.sql.report_store import SqlReportStore
from crispml_core.adapters.sql.run_store import SqlRunStore
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.figures.late import LateReading
from crispml_core.pipelines.figures.read import Figures, FigureStores, ReadFigures


def build_figures(use_cases: Mapping[str, UseCase], engine: Engine) -> LateReading[Figures]:
    """Return what reads the numbers of a database.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        Not the one of the requests: they shall not wait for it, nor it for them.
    """
    stores = FigureStores(
        aliases=SqlAliasLog(engine),
        reports=SqlReportStore(engine),
        runs=SqlRunStore(engine),
        findings=SqlMonitorStore(engine),
        outbox=SqlOutbox(engine),
    )
    return LateReading(ReadFigures(use_cases, stores))
