"""What the lineage graph is drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crispml_core.domain.use_case import UseCase
from crispml_core.ports.alias_log import AliasLog
from crispml_core.ports.approval_log import ApprovalLog
from crispml_core.ports.artefact_store import ArtefactStore
from crispml_core.ports.dataset_store import DataSetStore
from crispml_core.ports.label_store import LabelStore
from crispml_core.ports.model_registry import ModelRegistry
from crispml_core.ports.monitor_store import MonitorStore
from crispml_core.ports.report_store import ReportStore
from crispml_core.ports.run_store import RunStore
from crispml_core.ports.score_counts import ScoreCounts
from crispml_core.ports.score_ledger import ScoreLedger


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageStores:
    """Every store that knows a part of the graph; all of them are only read."""

    use_cases: Mapping[str, UseCase]
    datasets: DataSetStore
    artefacts: ArtefactStore
    models: ModelRegistry
    aliases: AliasLog
    ledger: ScoreLedger
    counts: ScoreCounts
    labels: LabelStore
    reports: ReportStore
    runs: RunStore
    approvals: ApprovalLog
    findings: MonitorStore
