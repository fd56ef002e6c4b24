"""The app of the training service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool

from crispml_core.bootstrap.training import TrainingParts, build
from crispml_core.bootstrap.training_background import Background
from crispml_core.domain.errors import StoreUnavailable
from crispml_core.domain.runs import CYCLE, MONITORING_RUNS, TRAINING_METHODS, TRAINING_RUNS
from crispml_core.pipelines.dossier_bundle import pack_dossier
from crispml_core.pipelines.standing import unapproved
from crispml_core.rest.app import Service, create_base_app
from crispml_core.rest.audit_metrics import AuditMetrics
from crispml_core.rest.database_metrics import DatabaseMetrics
from crispml_core.rest.health import OK
from crispml_core.rest.metrics import HttpMetrics
from crispml_core.rest.routes.dossiers import dossier_router
from crispml_core.rest.routes.lineage import lineage_router
from crispml_core.rest.routes.models import model_router
from crispml_core.rest.routes.owners import SHARED_OWNERS
from crispml_core.rest.routes.reports import report_router
from crispml_core.rest.routes.runs import run_router
from crispml_core.rest.routes.unknown_method import unknown_method_router
from crispml_core.rest.routes.use_cases import use_case_router
from crispml_core.rest.routes.whoami import whoami_router
from crispml_core.rest.runs import Runs
from crispml_core.settings import CrispMLSettings, load_settings
from crispml_training.audit_metrics import KeeperMetrics
from crispml_training.metrics import StoredMetrics
from crispml_training.owners import OWNERS
from crispml_training.reports import ModelReports
from crispml_training.routes.aliases import alias_router
from crispml_training.routes.approvals import approval_router
from crispml_training.routes.audit import audit_router
from crispml_training.routes.bundles import bundle_router
from crispml_training.routes.cards import card_router
from crispml_training.routes.catalogue import catalogue_router
from crispml_training.routes.dataset_privacy import dataset_privacy_router
from crispml_training.routes.datasets import dataset_router
from crispml_training.routes.ingestion import ingestion_router
from crispml_training.routes.keys import key_router
from crispml_training.routes.methods import method_router
from crispml_training.routes.monitoring import monitoring_router
from crispml_training.routes.reproduce import reproduce_router
from crispml_training.routes.retention import retention_router
from crispml_training.routes.signatures import signature_router
from crispml_training.routes.subjects import subject_router
from crispml_training.routes.version_approvals import version_approval_router
from crispml_training.routes.version_health import version_health_router

PORT = 8101


class Executor(Protocol):
    """Executes queued runs beside the API."""

    def start(self) -> None:
        """Start taking runs."""
        ...

    def wake(self) -> None:
        """Look into the queue now."""
        ...

    def stop(self) -> None:
        """Stop taking runs."""
        ...


def create_app(
    parts: TrainingParts | None = None,
    settings: CrispMLSettings | None = None,
    executor: Callable[[TrainingParts], Executor] = Background,
) -> FastAPI:
    """Return the training service.

    Parameters
    ----------
    parts : TrainingParts, optional
        Built from `settings` at start when left out; closed at the end in either case.
    settings : CrispMLSettings, optional
        Those of `parts`, or read from the environment, when left out.
    executor : callable
        Makes what executes the runs.
    """
    known = settings or (load_settings() if parts is None else parts.settings)
    metrics = HttpMetrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        live = await run_in_threadpool(build, known) if parts is None else parts
        metrics.timings.watch(live.timings)
        try:
            app.state.executor = executor(live)
            app.state.executor.start()
            app.state.parts = live
            app.state.runs = Runs(store=live.runs, wake=app.state.executor.wake)
            try:
                yield
            finally:
                await run_in_threadpool(app.state.executor.stop)
        finally:
            live.close()

    app = create_base_app(
        _SERVICE,
        known,
        [
            use_case_router(),
            ingestion_router(),
            method_router(),
            catalogue_router(),
            monitoring_router(),
            approval_router(),
            unknown_method_router([*TRAINING_METHODS, CYCLE, *MONITORING_RUNS]),
            run_router((*TRAINING_RUNS, *MONITORING_RUNS)),
            dataset_router(),
            dataset_privacy_router(),
            model_router(),
            card_router(),
            reproduce_router(),
            alias_router(),
            version_approval_router(),
            version_health_router(),
            signature_router(),
            bundle_router(),
            report_router(ModelReports()),
            lineage_router(),
            subject_router(),
            dossier_router(pack=_packed),
            retention_router(),
            audit_router(),
            whoami_router(),
            key_router(),
        ],
        lifespan,
        metrics=metrics,
    )
    StoredMetrics(metrics.registry, lambda: app.state.parts)
    database, audit = DatabaseMetrics(metrics.registry), AuditMetrics(metrics.registry)
    keeper = KeeperMetrics(metrics.registry)

    def look() -> None:
        if app.state.parts is not None:
            database.look(app.state.parts)
            audit.look(app.state.parts)
            keeper.look(app.state.parts.keeper)

    metrics.before_reading = look
    return app


def _packed(request: Request, content: dict[str, Any], page: str) -> bytes:
    parts: TrainingParts = request.app.state.parts
    return pack_dossier(content, page, parts.models, parts.container, parts.signer)


def _checks(parts: TrainingParts) -> Mapping[str, str | None]:
    """Look at the stores, and at who answers without an approval: that is no failure of them."""
    return {**parts.ping(), **_approvals(parts)}


def _approvals(parts: TrainingParts) -> Mapping[str, str | None]:
    try:
        return {
            f"approval {model} {event.alias}": f"{OK}, but nobody approved what answers"
            for model in parts.use_cases
            for event in unapproved(parts.training.stores, model)
        }
    except StoreUnavailable:
        return {}  # the check of the database says so


_SERVICE = Service(
    name="training",
    title="CrispML training",
    summary="Methods 1 to 6 of the CRISP-DM life cycle, each callable on its own, and the cycle.",
    tags=(
        ("DataIngestion", "Method 1: a source or an upload becomes a raw data set."),
        ("DataPreparation", "Method 2: raw becomes prepared, and each row gets its split."),
        ("DataCuration", "Method 3: prepared becomes curated, for one algorithm."),
        ("ModelTraining", "Method 4: curated data become a fitted model."),
        ("ModelReport", "Method 5: a fitted model is evaluated on `test`."),
        ("ModelPersist", "Method 6: a fitted model and its report become a version."),
        ("cycle", "Methods 1 to 6 in one run."),
        ("monitoring", "Rules over a released model: evaluations, alerts, messages."),
        ("runs", "What was started, how far it is, and what came out."),
        ("use cases", "What can be trained."),
        ("data sets", "Immutable tables by stage: raw, prepared, curated."),
        ("models", "Registered models and their immutable versions."),
        ("aliases", "Names that move between the versions of a model."),
        ("approval", "Who lets a version answer, and on what grounds."),
        ("bundles", "Versions with their evidence, on the way from one environment to the next."),
        ("reports", "Evaluations of fitted models."),
        ("scores", "Everything behind one score."),
        ("lineage", "What came from what."),
        ("audit", "Who did what, and whether anybody touched the evidence since."),
        ("privacy", "What is held about people, and how long rows are kept."),
        ("access", "Who asks, and the API keys by which services know them."),
        ("health", "Probes and metrics."),
    ),
    checks=_checks,
    owners={**SHARED_OWNERS, **OWNERS},
)
