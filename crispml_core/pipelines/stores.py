"""What a training pipeline reaches the world through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from crispml_core.domain.use_case import UseCase
from crispml_core.governance.promotion import PromotionRules
from crispml_core.ports.alias_log import AliasLog
from crispml_core.ports.approval_log import ApprovalLog
from crispml_core.ports.artefact_store import ArtefactStore
from crispml_core.ports.dataset_notes import DataSetNotes
from crispml_core.ports.dataset_store import DataSetStore
from crispml_core.ports.health_log import HealthLog
from crispml_core.ports.import_log import ImportLog
from crispml_core.ports.model_codec import ModelCodec
from crispml_core.ports.model_compiler import ModelCompiler
from crispml_core.ports.model_registry import ModelRegistry
from crispml_core.ports.source import RecordSource
from crispml_core.ports.timing_log import TimingLog
from crispml_core.serving.privacy import Privacy


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingStores:
    """The stores and the helpers of the six training methods.

    Parameters
    ----------
    open_source : callable
        Gives the source of a use case, or the uploaded file with an id.
    drop_upload : callable
        Removes an uploaded file.
    codec : callable
        Gives the codec that may persist the types of a use case.
    compiler : ModelCompiler
        Makes the form of a model that scoring executes.
    libraries : callable
        Versions of what a prediction depends on.
    project_aliases : callable
        Writes the aliases of a model beside its versions.
    scratch : callable
        Given stores and a run, opens stores that lie over them: what is written there is gone after
        it.
    rules : PromotionRules
        What the environment demands before an alias may move.
    privacy : Privacy
        The keys that privacy policies need.
    """

    datasets: DataSetStore
    notes: DataSetNotes
    artefacts: ArtefactStore
    models: ModelRegistry
    aliases: AliasLog
    health: HealthLog
    imports: ImportLog
    approvals: ApprovalLog
    timings: TimingLog
    open_source: Callable[[UseCase, str | None], RecordSource]
    drop_upload: Callable[[str], None]
    codec: Callable[[UseCase], ModelCodec]
    compiler: ModelCompiler
    libraries: Callable[[], Mapping[str, str]]
    project_aliases: Callable[[str], None]
    scratch: Callable[[TrainingStores, str], AbstractContextManager[TrainingStores]]
    rules: PromotionRules = field(default_factory=PromotionRules)
    privacy: Privacy = field(default_factory=Privacy)
