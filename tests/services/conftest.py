"""Both services in process, made of fakes; only the HTTP skin and the request checks are real."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from fastapi import FastAPI

from crispml_core import UseCase
from crispml_core.adapters.bundles import TarBundles
from crispml_core.adapters.local_compute import LocalCompute
from crispml_core.adapters.volume.batch_store import VolumeBatchStore
from crispml_core.bootstrap.batches import Batches
from crispml_core.bootstrap.scoring import ScoringParts
from crispml_core.bootstrap.training import TrainingParts
from crispml_core.domain.models import ModelVersion
from crispml_core.domain.privacy import Secrets
from crispml_core.governance.promotion import PromotionRules
from crispml_core.logs import configure_logging
from crispml_core.pipelines.audit.keeper import AuditKeeper
from crispml_core.pipelines.audit.recorder import AuditRecorder
from crispml_core.pipelines.audit.verification import Verification
from crispml_core.pipelines.bundles.door import Bundles
from crispml_core.pipelines.catalogue import Catalogue
from crispml_core.pipelines.dataset_door import DataSetDoor
from crispml_core.pipelines.lineage.reader import LineageReader
from crispml_core.pipelines.lineage.stores import LineageStores
from crispml_core.pipelines.retention import Retention
from crispml_core.pipelines.scoring import ScoringPipelines, ScoringStores
from crispml_core.pipelines.stores import TrainingStores
from crispml_core.pipelines.subjects.erasing import Eraser
from crispml_core.pipelines.subjects.stores import SubjectStores
from crispml_core.pipelines.training import TrainingPipelines
from crispml_core.serving.privacy import Privacy
from crispml_core.serving.subject_vault import SubjectVault
from crispml_core.settings import CrispMLSettings, LogSettings
from crispml_core.settings.security import AuthSettings
from crispml_core.testing.fakes.alias_log import FakeAliasLog
from crispml_core.testing.fakes.approval_log import FakeApprovalLog
from crispml_core.testing.fakes.artefact_store import FakeArtefactStore
from crispml_core.testing.fakes.audit_log import FakeAuditLog, FakeSeals
from crispml_core.testing.fakes.dataset_notes import FakeDataSetNotes
from crispml_core.testing.fakes.dataset_store import FakeDataSetStore
from crispml_core.testing.fakes.erasure_log import FakeErasureLog
from crispml_core.testing.fakes.event_log import FakeEventLog
from crispml_core.testing.fakes.health_log import FakeHealthLog
from crispml_core.testing.fakes.import_log import FakeImportLog
from crispml_core.testing.fakes.key_store import FakeKeyStore
from crispml_core.testing.fakes.label_store import FakeLabelStore
from crispml_core.testing.fakes.model_registry import FakeModelRegistry
from crispml_core.testing.fakes.monitor_store import FakeMonitorStore
from crispml_core.testing.fakes.outbox import FakeOutbox
from crispml_core.testing.fakes.report_store import FakeReportStore
from crispml_core.testing.fakes.retention_store import FakeRetentionStore, shelves_of
from crispml_core.testing.fakes.run_store import FakeRunStore
from crispml_core.testing.fakes.score_counts import FakeScoreCounts
from crispml_core.testing.fakes.score_ledger import FakeScoreLedger
from crispml_core.testing.fakes.signer import FakeSigner
from crispml_core.testing.fakes.subject_keys import FakeSubjectKeys
from crispml_core.testing.fakes.subject_rows import FakeSubjectRows
from crispml_core.testing.fakes.timing_log import FakeTimingLog
from crispml_core.testing.fakes.upload_store import FakeUploadStore
from crispml_scoring.app import create_app as create_scoring
from crispml_training.app import create_app as create_training
from tests.services.current import CurrentParts, StillExecutor
from tests.services.engine import engine_of
from tests.services.fake_drift import fake_drift
from tests.services.private_use_case import KEYS, private, private_keys
from tests.services.service import (
    VERSION,
    Service,
    TestClient,
    version_of,
)
from tests.services.watching import watching

MAX_BODY_BYTES, MAX_UPLOAD_BYTES = 64 * 1024, 128 * 1024


@pytest.fixture
def manifest_of() -> Callable[[UseCase, str], ModelVersion]:
    """Make manifests that a registry takes: ``manifest_of(use_case, version)``."""
    return version_of


@pytest.fixture(scope="session")
def settings() -> CrispMLSettings:
    return CrispMLSettings.model_validate(
        {"server": {"max_body_bytes": MAX_BODY_BYTES, "max_upload_bytes": MAX_UPLOAD_BYTES}}
    )


@pytest.fixture(scope="session")
def training_app(settings: CrispMLSettings) -> tuple[FastAPI, CurrentParts]:
    current: Any = CurrentParts()
    return create_training(current, settings, lambda parts: current.executor), current


@pytest.fixture(scope="session")
def scoring_app(settings: CrispMLSettings) -> tuple[FastAPI, CurrentParts]:
    current: Any = CurrentParts()
    return create_scoring(current, settings, lambda settings: current.batches), current


@pytest.fixture
def training(
    training_app: tuple[FastAPI, CurrentParts],
    toy: UseCase,
    settings: CrispMLSettings,
    tmp_path: Path,
) -> Iterator[Service]:
    yield from serve("training", training_app, toy, settings, tmp_path)


@pytest.fixture
def scoring(
    scoring_app: tuple[FastAPI, CurrentParts],
    toy: UseCase,
    settings: CrispMLSettings,
    tmp_path: Path,
) -> Iterator[Service]:
    """Scoring with a champion."""
    yield from serve("scoring", scoring_app, toy, settings, tmp_path, champion=VERSION)


@pytest.fixture
def fresh_scoring(toy: UseCase, settings: CrispMLSettings, tmp_path: Path) -> Iterator[Service]:
    """Scoring with a champion, and with metrics that have counted nothing of other tests."""
    current: Any = CurrentParts()
    app = create_scoring(current, settings, lambda settings: current.batches)
    yield from serve("scoring", (app, current), toy, settings, tmp_path, champion=VERSION)


@pytest.fixture
def private_scoring(
    scoring_app: tuple[FastAPI, CurrentParts],
    toy: UseCase,
    settings: CrispMLSettings,
    tmp_path: Path,
) -> Iterator[Service]:
    """Scoring with a champion of a use case that has every privacy policy."""
    yield from serve(
        "scoring",
        scoring_app,
        private(toy),
        settings,
        tmp_path,
        champion=VERSION,
        privacy=private_keys(),
    )


@pytest.fixture
def scoring_without_champion(
    scoring_app: tuple[FastAPI, CurrentParts],
    toy: UseCase,
    settings: CrispMLSettings,
    tmp_path: Path,
) -> Iterator[Service]:
    """Scoring before anything was trained."""
    yield from serve("scoring", scoring_app, toy, settings, tmp_path)


@pytest.fixture(scope="session")
def guarded_settings(settings: CrispMLSettings) -> CrispMLSettings:
    """Authentication is on."""
    return settings.model_copy(update={"auth": AuthSettings(mode="required")})


@pytest.fixture(scope="session")
def guarded_apps(guarded_settings: CrispMLSettings) -> dict[str, tuple[FastAPI, Any]]:
    training: Any = CurrentParts()
    scoring: Any = CurrentParts()
    return {
        "training": (
            create_training(training, guarded_settings, lambda parts: training.executor),
            training,
        ),
        "scoring": (
            create_scoring(scoring, guarded_settings, lambda settings: scoring.batches),
            scoring,
        ),
    }


@pytest.fixture
def guarded_training(
    guarded_apps: Any, toy: UseCase, guarded_settings: CrispMLSettings, tmp_path: Path
) -> Iterator[Service]:
    """Training that wants to know who asks."""
    yield from serve("training", guarded_apps["training"], toy, guarded_settings, tmp_path)


@pytest.fixture
def guarded_scoring(
    guarded_apps: Any, toy: UseCase, guarded_settings: CrispMLSettings, tmp_path: Path
) -> Iterator[Service]:
    """Scoring with a champion that wants to know who asks."""
    yield from serve(
        "scoring", guarded_apps["scoring"], toy, guarded_settings, tmp_path, champion=VERSION
    )


@pytest.fixture(params=["guarded_training", "guarded_scoring"])
def guarded(request: pytest.FixtureRequest) -> Service:
    """Each service in turn, with authentication."""
    found: Service = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["training", "scoring"])
def service(request: pytest.FixtureRequest) -> Service:
    """Each service in turn."""
    found: Service = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the service logs, line by line, from the most detailed level on."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    configure_logging(LogSettings(level="DEBUG"), "test")
    written = io.StringIO()
    root.handlers[0].setStream(written)  # type: ignore[attr-defined]
    # The client of the test is in this process too, and it logs the addresses that it calls.
    logging.getLogger("httpx").setLevel("WARNING")
    yield written
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def serve(
    name: str,
    made: tuple[FastAPI, CurrentParts],
    toy: UseCase,
    settings: CrispMLSettings,
    folder: Path,
    champion: str | None = None,
    rules: PromotionRules | None = None,
    privacy: Privacy | None = None,
) -> Iterator[Service]:
    app, current = made
    known = {toy.name: toy}
    health: dict[str, str | None] = {"database": None, "registry": None}
    closed: list[bool] = []
    ledger = FakeScoreLedger()
    datasets, artefacts = FakeDataSetStore(), FakeArtefactStore()
    notes = FakeDataSetNotes()
    models, aliases, timings = FakeModelRegistry(), FakeAliasLog(environment="dev"), FakeTimingLog()
    uploads = FakeUploadStore(folder, MAX_UPLOAD_BYTES)
    labels, reports = FakeLabelStore(ledger), FakeReportStore()
    stores = TrainingStores(
        datasets=datasets,
        notes=notes,
        artefacts=artefacts,
        models=models,
        aliases=aliases,
        health=FakeHealthLog(),
        imports=FakeImportLog(),
        approvals=FakeApprovalLog(),
        timings=timings,
        drop_upload=uploads.remove,
        compute=LocalCompute(),
        libraries=dict,
        project_aliases=lambda model: None,
        **dict.fromkeys(("open_source", "codec", "files", "send", "compiler", "scratch"), _nothing),
        rules=rules or PromotionRules(),
    )
    pipelines = TrainingPipelines(known, stores)

    runs = FakeRunStore()
    retention_store = FakeRetentionStore(shelves_of(ledger, labels, reports, runs, FakeOutbox()))
    lineage = LineageReader(
        LineageStores(
            use_cases=known,
            datasets=datasets,
            artefacts=artefacts,
            models=models,
            aliases=aliases,
            ledger=ledger,
            counts=FakeScoreCounts(ledger),
            labels=labels,
            reports=reports,
            runs=runs,
            approvals=stores.approvals,
            findings=FakeMonitorStore(FakeOutbox()),
        )
    )
    audit_log, subject_keys = FakeAuditLog(), FakeSubjectKeys()
    audit = AuditRecorder(audit_log, "dev")
    subjects = SubjectStores(
        use_cases=known,
        privacy=Privacy(Secrets(KEYS, KEYS), SubjectVault(KEYS, subject_keys)),
        rows=FakeSubjectRows(ledger),
        keys=subject_keys,
        labels=labels,
        datasets=datasets,
        erasures=FakeErasureLog(subject_keys),
    )
    seals = FakeSeals(audit_log, {"labels": {'["a"]': bytes(32), '["b"]': bytes(32)}})
    shared = {
        "settings": settings,
        "use_cases": known,
        "models": models,
        "aliases": aliases,
        "timings": timings,
        "keys": FakeKeyStore(),
        "audit": audit,
        "lineage": lambda: lineage,
        "ping": lambda: health,
    }
    parts: Any
    if name == "training":
        parts = TrainingParts(
            **shared,
            runs=runs,
            queue=runs,
            container=TarBundles(),
            bundles=Bundles(known, pipelines.stores, runs, TarBundles()),
            datasets=datasets,
            catalogue=Catalogue(datasets, notes),
            door=DataSetDoor(known, datasets),
            artefacts=artefacts,
            uploads=uploads,
            training=pipelines,
            project_aliases=lambda model: None,
            subjects=subjects,
            eraser=Eraser(subjects, audit.record, FakeSigner(), "dev"),
            keeper=AuditKeeper(audit_log, seals, environment="dev"),
            verification=Verification(audit_log, seals, retention_store),
            retention=Retention(settings.retention.rules(), retention_store),
            **watching(
                known,
                keys=shared["keys"],
                ledger=ledger,
                labels=labels,
                reports=reports,
                training=stores,
                runs=runs,
                check_cycle=pipelines.check,
            ),
            close=lambda: closed.append(True),
        )
    else:
        privacy = privacy or Privacy()
        engine = engine_of(known, ledger, aliases, timings, folder, privacy)
        parts = ScoringParts(
            **shared,
            ledger=ledger,
            labels=labels,
            reports=reports,
            events=FakeEventLog(ledger),
            scoring=ScoringPipelines(
                known,
                ScoringStores(
                    ledger=ledger,
                    labels=labels,
                    reports=reports,
                    registry=models,
                    timings=timings,
                ),
                privacy.secrets,
            ),
            engine=engine,
            privacy=privacy,
            drift=fake_drift(known, ledger, models, aliases, timings),
            close=lambda: (engine.close(), closed.append(True)),
        )
    if champion is not None:
        models.publish(version_of(toy, champion), {})
        aliases.move(toy.name, "champion", champion, expected=None)
    current.now, current.executor = parts, StillExecutor()
    current.batches = Batches(
        settings=settings,
        runs=FakeRunStore(),
        store=VolumeBatchStore(folder),
        executor=current.executor,
        close=lambda: None,
    )
    app.state.settings, app.state.draining, app.openapi_schema = settings, False, None
    if app.state.plain is not None:
        app.state.plain._known = None  # to it the parts are the same object for all tests
    with TestClient(app) as client:
        yield Service(app, client, parts, current.executor, health, closed)


def _nothing(*_: Any) -> Any:
    raise AssertionError("the REST skin executes no method")
