"""What a training pipeline reaches the world through."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from crispml_core.domain.use_case import UseCase
from crispml_core.governance.promotion import PromotionRules
from crispml_core.ports.alias_log import AliasLog
from crispml_core.ports.approval_log import ApprovalLog
from crispml_core.ports.artefact_store import ArtefactStore
from crispml_core.ports.compute import Compute
from crispml_core.ports.dataset_notes import DataSetNotes
from crispml_core.ports.dataset_store import DataSetStore
from crispml_core.ports.health_log import HealthLog
from crispml_core.ports.import_log import ImportLog
from crispml_core.ports.model_codec import ModelCodec
from crispml_core.ports.model_compiler import ModelCompiler
from crispml_core.ports.model_registry import ModelRegistry
from crispml_core.ports.part_files import PartFiles
from crispml_core.ports.source import RecordSource
from crispml_core.ports.timing_log import TimingLog
from crispml_core.serving.privacy import Privacy

if TYPE_CHECKING:
    from crispml_core.pipelines.workbench import Workbench

Job = TypeVar("Job", bound=Hashable)
_Job = TypeVar("_Job", contravariant=True)


class PartTask(Protocol[_Job]):
    """A function of a module that computes a part of a job, wherever it is called."""

    def __call__(self, bench: Workbench, job: _Job, /, *part: Any) -> Any:
        """Return the result of a part."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PartStores:
    """The stores that a part of a work needs, which every worker of a cluster reaches.

    Parameters
    ----------
    files : PartFiles
        Where rows wait for who puts them together.
    codec : callable
        Gives the codec that may persist the types of a use case.
    privacy : Privacy
        The keys that privacy policies need.
    """

    datasets: DataSetStore
    artefacts: ArtefactStore
    files: PartFiles
    codec: Callable[[UseCase], ModelCodec]
    privacy: Privacy = field(default_factory=Privacy)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingStores(PartStores):
    """The stores and the helpers of the six training methods.

    Parameters
    ----------
    open_source : callable
        Gives the source of a use case, or the uploaded file with an id.
    drop_upload : callable
        Removes an uploaded file.
    compute : Compute
        Where parts of a work are computed.
    send : callable
        Makes of a task for parts, with its use case and its job, one that a worker finds by names.
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
    """

    notes: DataSetNotes
    models: ModelRegistry
    aliases: AliasLog
    health: HealthLog
    imports: ImportLog
    approvals: ApprovalLog
    timings: TimingLog
    open_source: Callable[[UseCase, str | None], RecordSource]
    drop_upload: Callable[[str], None]
    compute: Compute
    send: Callable[[UseCase, PartTask[Any], Any], Callable[..., Any]]
    compiler: ModelCompiler
    libraries: Callable[[], Mapping[str, str]]
    project_aliases: Callable[[str], None]
    scratch: Callable[[TrainingStores, str], AbstractContextManager[TrainingStores]]
    rules: PromotionRules = field(default_factory=PromotionRules)
