"""The parts of the training service, and what executes its runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crispml_core.adapters.bundles import TarBundles
from crispml_core.adapters.compilers import SklearnModelCompiler
from crispml_core.adapters.libraries import library_versions
from crispml_core.adapters.sources import build_source
from crispml_core.adapters.sql.alias_log import SqlAliasLog
from crispml_core.adapters.sql.approval_log import SqlApprovalLog
from crispml_core.adapters.sql.databases.tracing import trace_statements
from crispml_core.adapters.sql.dataset_notes import SqlDataSetNotes
from crispml_core.adapters.sql.health_log import SqlHealthLog
from crispml_core.adapters.sql.import_log import SqlImportLog
from crispml_core.adapters.sql.key_store import SqlKeyStore
from crispml_core.adapters.sql.labels.store import SqlLabelStore
from crispml_core.adapters.sql.monitor_store import SqlMonitorStore
from crispml_core.adapters.sql.outbox import SqlOutbox
from crispml_core.adapters.sql.report_store import SqlReportStore
from crispml_core.adapters.sql.retention.store import SqlRetentionStore
from crispml_core.adapters.sql.run_store import SqlRunStore
from crispml_core.adapters.sql.scores.ledger import SqlScoreLedger
from crispml_core.adapters.volume.aliases import write_aliases
from crispml_core.adapters.volume.artefact_store import VolumeArtefactStore
from crispml_core.adapters.volume.dataset_store import VolumeDataSetStore
from crispml_core.adapters.volume.model_registry import VolumeModelRegistry
from crispml_core.adapters.volume.part_files import VolumePartFiles
from crispml_core.adapters.volume.uploads import VolumeUploadStore
from crispml_core.bootstrap.at_rest import check_at_rest
from crispml_core.bootstrap.audit import build_keeper, build_recorder, build_verification
from crispml_core.bootstrap.compute import open_compute
from crispml_core.bootstrap.dask_tasks import sender
from crispml_core.bootstrap.database import (
    await_database,
    open_database,
    open_for_looks,
    open_for_runs,
)
from crispml_core.bootstrap.drift import drift_pipelines
from crispml_core.bootstrap.figures import build_figures
from crispml_core.bootstrap.lineage import lineage_builder
from crispml_core.bootstrap.parts import Parts, codec_of, follow_clock, ping_stores, pools_of
from crispml_core.bootstrap.privacy import open_privacy
from crispml_core.bootstrap.scratch import scratch_in
from crispml_core.bootstrap.signing import bundle_authors, make_signer, make_verifier
from crispml_core.bootstrap.subjects import subject_stores
from crispml_core.bootstrap.timings import open_timings
from crispml_core.bootstrap.tracing import execute_traced, make_tracer
from crispml_core.bootstrap.webhook import build_webhook
from crispml_core.domain.runs import MONITORING_RUNS, Run
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.promotion import PromotionMode, PromotionRules
from crispml_core.pipelines.approvals import Approvals, ApprovalStores
from crispml_core.pipelines.audit.deeds import RecordedDeeds, run_event
from crispml_core.pipelines.audit.keeper import AuditKeeper
from crispml_core.pipelines.audit.verification import Verification
from crispml_core.pipelines.bundles.door import Bundles
from crispml_core.pipelines.catalogue import Catalogue
from crispml_core.pipelines.challenges import Challenges
from crispml_core.pipelines.dataset_door import DataSetDoor
from crispml_core.pipelines.figures.late import LateReading
from crispml_core.pipelines.figures.read import Figures
from crispml_core.pipelines.monitoring.messages import Messages
from crispml_core.pipelines.monitoring.monitor import Monitor
from crispml_core.pipelines.monitoring.stores import MonitorStores, ReadDrift
from crispml_core.pipelines.retention import Retention
from crispml_core.pipelines.stores import TrainingStores
from crispml_core.pipelines.subjects.erasing import Eraser
from crispml_core.pipelines.subjects.stores import SubjectStores
from crispml_core.pipelines.training import TrainingPipelines
from crispml_core.ports.artefact_store import ArtefactStore
from crispml_core.ports.bundle_format import BundleFormat
from crispml_core.ports.dataset_store import DataSetStore
from crispml_core.ports.monitor_store import MonitorStore
from crispml_core.ports.outbox import Outbox
from crispml_core.ports.progress import RunProgress
from crispml_core.ports.run_store import RunStore
from crispml_core.ports.signer import Signer
from crispml_core.ports.source import RecordSource
from crispml_core.ports.upload_store import UploadStore
from crispml_core.settings import CrispMLSettings
from crispml_core.use_cases.loader import load_use_cases


@dataclass(frozen=True, kw_only=True)
class TrainingParts(Parts):
    """Everything the training service is made of.

    Parameters
    ----------
    runs, queue : RunStore
        The same runs, for requests and for what executes them.
    container : BundleFormat
        How members lie in a file that leaves the service.
    signer : Signer or None
        Signs what leaves this service; None where signing is off.
    """

    runs: RunStore
    queue: RunStore
    datasets: DataSetStore
    catalogue: Catalogue
    door: DataSetDoor
    artefacts: ArtefactStore
    uploads: UploadStore
    training: TrainingPipelines
    project_aliases: Callable[[str], None]
    bundles: Bundles
    container: BundleFormat
    approvals: Approvals
    monitor: Monitor
    findings: MonitorStore
    outbox: Outbox
    retention: Retention
    subjects: SubjectStores
    eraser: Eraser
    keeper: AuditKeeper
    verification: Verification
    drift: ReadDrift
    figures: LateReading[Figures]
    signer: Signer | None = None

    def pipelines_of(self, method: str) -> TrainingPipelines | Monitor:
        """Return what checks and executes the runs of a method."""
        return self.monitor if method in MONITORING_RUNS else self.training

    def execute(self, run: Run, progress: RunProgress) -> dict[str, Any]:
        """Execute a run and return its result."""
        with RecordedDeeds(self.audit)(run_event(run)):
            pipelines = self.pipelines_of(run.method)
            return execute_traced(self.tracer, pipelines.execute, run, progress)


def build(settings: CrispMLSettings, *, is_run: bool = False) -> TrainingParts:
    """Build the parts of the training service, or of a process that executes one of its runs.

    Raises
    ------
    InvalidInput
        If there is no signing key, or one that nobody here trusts.
    UseCaseError
        If a use case is broken.
    NotReady
        If the database has not the tables of this release.
    StoreUnavailable
        If the database does not answer.
    """
    use_cases = load_use_cases(settings.use_cases, settings.environment)
    tracer = make_tracer(settings, "training")
    engine, looks, queue = (
        open_database(settings, "training"),
        open_for_looks(settings, "training"),
        open_for_runs(settings, "training"),
    )
    trace_statements(engine, tracer)
    await_database(engine, settings.database.start_wait_s)
    at_rest = {} if is_run else check_at_rest(settings, engine)
    timings = open_timings(settings, "training", (engine,), tracer, is_run=is_run)
    root = settings.registry.path
    signer, verifier = make_signer(settings), make_verifier(settings)
    uploads = VolumeUploadStore(root, settings.server.max_upload_bytes)
    aliases, models = (
        SqlAliasLog(engine, environment=settings.environment),
        VolumeModelRegistry(root, signer, verifier),
    )
    datasets, artefacts = VolumeDataSetStore(root), VolumeArtefactStore(root)
    subjects = subject_stores(settings, use_cases, engine, datasets)
    notes = SqlDataSetNotes(engine)

    def project_aliases(model: str) -> None:
        write_aliases(root, model, aliases.newest(model).values())

    def open_source(use_case: UseCase, upload_id: str | None) -> RecordSource:
        connections = {name: url.get_secret_value() for name, url in settings.connections.items()}
        upload = None if upload_id is None else uploads.path(upload_id)
        return build_source(use_case, connections, upload)

    stop_clock = follow_clock(settings)
    audit = build_recorder(settings, engine)
    # Without policies for its data sets a use case needs no keys here.
    masked = {name: each for name, each in use_cases.items() if each.privacy.training}
    privacy = open_privacy(settings, masked, engine, withholds=False)

    def close() -> None:
        audit.close()
        privacy.close()
        timings.close()
        engine.dispose()
        looks.dispose()
        queue.dispose()
        stop_clock()
        tracer.close()

    stores = TrainingStores(
        datasets=datasets,
        notes=notes,
        artefacts=artefacts,
        models=models,
        aliases=aliases,
        health=SqlHealthLog(engine),
        imports=SqlImportLog(engine),
        approvals=SqlApprovalLog(engine),
        timings=timings,
        open_source=open_source,
        drop_upload=uploads.remove,
        codec=codec_of,
        files=VolumePartFiles(root),
        compute=open_compute(settings),
        send=sender(settings),
        compiler=SklearnModelCompiler(),
        libraries=library_versions,
        project_aliases=project_aliases,
        rules=PromotionRules(
            environment=settings.environment,
            mode=PromotionMode(settings.promotion.mode),
            four_eyes=settings.promotion.approval == "required",
        ),
        scratch=scratch_in(root),
        privacy=privacy,
    )
    training, runs = TrainingPipelines(use_cases, stores), SqlRunStore(engine)
    findings, ledger = SqlMonitorStore(engine), SqlScoreLedger(engine)
    drift = drift_pipelines(use_cases, engine, models, aliases, timings).drift
    outbox, keys = SqlOutbox(engine), SqlKeyStore(looks)
    messages = Messages(
        environment=settings.environment, wanted=build_webhook(settings) is not None
    )
    monitor = Monitor(
        use_cases,
        MonitorStores(
            training=stores,
            ledger=ledger,
            labels=SqlLabelStore(engine),
            reports=SqlReportStore(engine),
            runs=runs,
            monitor=findings,
            check_cycle=training.check,
            drift=drift,
            challenge=Challenges(use_cases, aliases, ledger).challenge,
            deeds=RecordedDeeds(audit),
        ),
        messages,
        timeout_s=settings.runs.timeout_s,
    )
    return TrainingParts(
        settings=settings,
        tracer=tracer,
        use_cases=use_cases,
        runs=runs,
        queue=SqlRunStore(queue),
        datasets=datasets,
        catalogue=Catalogue(datasets, notes),
        door=DataSetDoor(use_cases, datasets),
        artefacts=artefacts,
        uploads=uploads,
        models=models,
        aliases=aliases,
        timings=timings,
        keys=keys,
        verifier=verifier,
        signer=signer,
        audit=audit,
        lineage=lineage_builder(engine, root, models, use_cases),
        training=training,
        project_aliases=project_aliases,
        bundles=Bundles(use_cases, stores, runs, TarBundles(), signer, bundle_authors(settings)),
        container=TarBundles(),
        approvals=Approvals(
            use_cases,
            ApprovalStores(training=stores, keys=keys, outbox=outbox, drift=drift),
            messages,
        ),
        monitor=monitor,
        findings=findings,
        retention=Retention(
            settings.retention.rules(), SqlRetentionStore(engine, environment=settings.environment)
        ),
        subjects=subjects,
        eraser=Eraser(subjects, audit.record, signer, settings.environment),
        outbox=outbox,
        keeper=build_keeper(settings, engine, signer),
        verification=build_verification(engine, verifier),
        drift=drift,
        figures=build_figures(use_cases, looks, stores),
        ping=lambda: {**ping_stores(looks, root, writable=True), **at_rest},
        pools=pools_of(engine, looks, queue),
        close=close,
    )
