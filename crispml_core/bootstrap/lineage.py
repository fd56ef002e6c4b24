"""What reads the lineage graph: every store of both services, read-only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from crispml_core.domain.use_case import UseCase
from crispml_core.ports.model_registry import ModelRegistry

if TYPE_CHECKING:
    from crispml_core.pipelines.lineage.reader import LineageReader


def lineage_builder(
    engine: Engine, root: Path, models: ModelRegistry, use_cases: Mapping[str, UseCase]
) -> Callable[[], LineageReader]:
    """Return what builds the reader at its first use: a process that only scores does without."""

    @cache
    def build() -> LineageReader:
        from crispml_core.adapters.sql.alias_log import SqlAliasLog
        from crispml_core.adapters.sql.approval_log import SqlApprovalLog
        from crispml_core.adapters.sql.labels.store import SqlLabelStore
        from crispml_core.adapters.sql.monitor_store import SqlMonitorStore
        from crispml_core.adapters.sql.report_store import SqlReportStore
        from crispml_core.adapters.sql.run_store import SqlRunStore
        from crispml_core.adapters.sql.score_counts import SqlScoreCounts
        from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
        from crispml_core.adapters.volume.artefact_store import VolumeArtefactStore
        from crispml_core.adapters.volume.dataset_store import VolumeDataSetStore
        from crispml_core.pipelines.lineage.reader import LineageReader
        from crispml_core.pipelines.lineage.stores import LineageStores

        return LineageReader(
            LineageStores(
                use_cases=use_cases,
                datasets=VolumeDataSetStore(root),
                artefacts=VolumeArtefactStore(root),
                models=models,
                aliases=SqlAliasLog(engine),
                ledger=SqlScoreLedger(engine),
                counts=SqlScoreCounts(engine),
                labels=SqlLabelStore(engine),
                reports=SqlReportStore(engine),
                runs=SqlRunStore(engine),
                approvals=SqlApprovalLog(engine),
                findings=SqlMonitorStore(engine),
            )
        )

    return build
