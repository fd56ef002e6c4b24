"""The composition root: the only place that chooses adapters."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine

from crispml_core.adapters.libraries import library_versions
from crispml_core.adapters.skops.codec import SkopsModelCodec
from crispml_core.adapters.sources import build_source
from crispml_core.adapters.sql import migrate
from crispml_core.adapters.sql.alias_log import SqlAliasLog
from crispml_core.adapters.sql.engine import make_engine, reading
from crispml_core.adapters.sql.label_store import SqlLabelStore
from crispml_core.adapters.sql.report_store import SqlReportStore
from crispml_core.adapters.sql.run_store import SqlRunStore
from crispml_core.adapters.sql.score_ledger import SqlScoreLedger
from crispml_core.adapters.timing.null import NullTimingLog
from crispml_core.adapters.volume.aliases import write_aliases
from crispml_core.adapters.volume.artefact_store import VolumeArtefactStore
from crispml_core.adapters.volume.dataset_store import VolumeDataSetStore
from crispml_core.adapters.volume.errors import volume_problem
from crispml_core.adapters.volume.model_registry import VolumeModelRegistry
from crispml_core.adapters.volume.sweep import sweep
from crispml_core.adapters.volume.uploads import VolumeUploadStore
from crispml_core.domain.errors import CrispMLError, NotFound
from crispml_core.domain.runs import CYCLE, TRAINING_METHODS
from crispml_core.domain.use_case import UseCase
from crispml_core.logs import configure_logging
from crispml_core.pipelines.scoring import ScoringPipelines, ScoringStores
from crispml_core.pipelines.stores import TrainingStores
from crispml_core.pipelines.training import TrainingPipelines
from crispml_core.ports.alias_log import AliasLog
from crispml_core.ports.artefact_store import ArtefactStore
from crispml_core.ports.dataset_store import DataSetStore
from crispml_core.ports.label_store import LabelStore
from crispml_core.ports.model_codec import ModelCodec
from crispml_core.ports.model_registry import ModelRegistry
from crispml_core.ports.report_store import ReportStore
from crispml_core.ports.run_store import RunStore
from crispml_core.ports.score_ledger import ScoreLedger
from crispml_core.ports.source import RecordSource
from crispml_core.ports.timing_log import TimingLog
from crispml_core.ports.upload_store import UploadStore
from crispml_core.runs.executor import RunExecutor
from crispml_core.runs.worker import work
from crispml_core.serving.ledger_writer import LedgerWriter
from crispml_core.serving.model_cache import ModelCache
from crispml_core.serving.version_loader import VersionLoader
from crispml_core.settings import CrispMLSettings
from crispml_core.use_cases.loader import load_use_cases

Service = Literal["training", "scoring"]

# What a worker process needs at once; imported by the fork server before the first run.
PRELOAD = (
    "crispml_core.bootstrap",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "matplotlib.figure",
    "matplotlib.backends.backend_svg",
)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Everything a service is made of."""

    settings: CrispMLSettings
    use_cases: Mapping[str, UseCase]
    runs: RunStore
    datasets: DataSetStore
    artefacts: ArtefactStore
    uploads: UploadStore
    models: ModelRegistry
    aliases: AliasLog
    ledger: ScoreLedger
    labels: LabelStore
    reports: ReportStore
    timings: TimingLog
    training: TrainingPipelines | None
    scoring: ScoringPipelines | None
    project_aliases: Callable[[str], None]
    ping: Callable[[], Mapping[str, str | None]]
    close: Callable[[], None]


def build(settings: CrispMLSettings, *, service: Service) -> Parts:
    """Build the parts of a service.

    Raises
    ------
    UseCaseError
        If a use case is broken.
    NotReady
        If the database has not the tables of this release.
    StoreUnavailable
        If the database does not answer.
    """
    use_cases = load_use_cases(settings.use_cases)
    url = settings.database.url.get_secret_value()
    migrate.check(url)
    engine = make_engine(url, busy_timeout_s=settings.database.busy_timeout_s)
    root = settings.registry.path
    uploads = VolumeUploadStore(root, settings.server.max_upload_bytes)
    aliases, models, ledger = SqlAliasLog(engine), VolumeModelRegistry(root), SqlScoreLedger(engine)
    datasets, artefacts, timings = (
        VolumeDataSetStore(root),
        VolumeArtefactStore(root),
        NullTimingLog(),
    )
    labels, reports = SqlLabelStore(engine), SqlReportStore(engine)

    def project_aliases(model: str) -> None:
        write_aliases(root, model, aliases.aliases(model).values())

    def open_source(use_case: UseCase, upload_id: str | None) -> RecordSource:
        connections = {name: url.get_secret_value() for name, url in settings.connections.items()}
        upload = None if upload_id is None else uploads.path(upload_id)
        return build_source(use_case, connections, upload)

    training = scoring = None
    if service == "training":
        stores = TrainingStores(
            datasets=datasets,
            artefacts=artefacts,
            models=models,
            aliases=aliases,
            timings=timings,
            open_source=open_source,
            drop_upload=uploads.remove,
            codec=_codec,
            libraries=library_versions,
            project_aliases=project_aliases,
        )
        training = TrainingPipelines(use_cases, stores)
    else:
        scoring = ScoringPipelines(
            use_cases,
            ScoringStores(
                ledger=ledger,
                writer=LedgerWriter(ledger),
                labels=labels,
                reports=reports,
                registry=models,
                cache=ModelCache(aliases, VersionLoader(models, _codec)),
                timings=timings,
            ),
        )
    return Parts(
        settings=settings,
        use_cases=use_cases,
        runs=SqlRunStore(engine),
        datasets=datasets,
        artefacts=artefacts,
        uploads=uploads,
        models=models,
        aliases=aliases,
        ledger=ledger,
        labels=labels,
        reports=reports,
        timings=timings,
        training=training,
        scoring=scoring,
        project_aliases=project_aliases,
        ping=lambda: _ping(engine, root, writable=service == "training"),
        close=engine.dispose,
    )


def build_executor(parts: Parts) -> RunExecutor:
    """Build what executes the runs of a training service."""
    settings = parts.settings
    return RunExecutor(
        parts.runs,
        _Worker(settings),
        (*TRAINING_METHODS, CYCLE),
        sweep=lambda: _sweep(parts),
        preload=PRELOAD,
        workers=settings.runs.workers,
        lease_s=settings.runs.lease_s,
        heartbeat_s=settings.runs.heartbeat_s,
        poll_s=settings.runs.poll_s,
    )


@dataclass(frozen=True)
class _Worker:
    """The target of a worker process; carries the settings there."""

    settings: CrispMLSettings

    def __call__(self, run_id: str, owner: str) -> None:
        configure_logging(self.settings.log, "training")
        try:
            parts = build(self.settings, service="training")
        except CrispMLError as error:
            logging.getLogger("crispml.runs").error("run %s: %s", run_id, error.message)
            sys.exit(1)  # the executor notes that the worker is lost
        assert parts.training is not None
        try:
            work(parts.runs, run_id, owner, parts.training.execute)
        finally:
            parts.close()


def _codec(use_case: UseCase) -> ModelCodec:
    return SkopsModelCodec((use_case.module,) if use_case.module else ())


def _sweep(parts: Parts) -> None:
    """Remove what runs that ended left in the staging folder, and what nobody came back for."""
    root = parts.settings.registry.path

    def is_live(run_id: str) -> bool:
        try:
            return not parts.runs.get(run_id).status.is_final
        except NotFound:
            return False

    sweep(root, lambda run_id: not run_id or is_live(run_id), older_than_s=0)
    sweep(root, is_live)
    parts.uploads.remove_older_than(24 * 3600)


def _ping(engine: Engine, root: Path, *, writable: bool) -> dict[str, str | None]:
    """Return, per store, None when it answers, else what is wrong."""
    database: str | None = None
    try:
        with reading(engine) as connection:
            connection.exec_driver_sql("SELECT COUNT(*) FROM alias_events")
    except CrispMLError as error:
        database = error.message
    return {"database": database, "registry": volume_problem(root, writable=writable)}
