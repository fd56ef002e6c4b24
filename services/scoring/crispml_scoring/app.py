"""The app of the scoring service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from crispml_core.bootstrap.batches import Batches, build_batches
from crispml_core.bootstrap.scoring import ScoringParts, build
from crispml_core.domain.events import ServingEvent
from crispml_core.domain.models import CHAMPION, ROLES
from crispml_core.domain.runs import SCORING_METHODS
from crispml_core.rest.app import Service, create_base_app
from crispml_core.rest.audit_metrics import AuditMetrics
from crispml_core.rest.database_metrics import DatabaseMetrics
from crispml_core.rest.evidence import Evidence
from crispml_core.rest.few_versions import few_versions
from crispml_core.rest.health import OK, WAITING
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
from crispml_core.serving.durable_ledger import DurableLedger
from crispml_core.settings import CrispMLSettings, load_settings
from crispml_scoring.batch_jobs import running
from crispml_scoring.drift_gauges import keep_measuring
from crispml_scoring.hot_path import HotPath
from crispml_scoring.metrics import ScoringMetrics
from crispml_scoring.owners import OWNERS
from crispml_scoring.reports import VerificationReports
from crispml_scoring.routes.challenges import challenge_router
from crispml_scoring.routes.drift import drift_router
from crispml_scoring.routes.events import event_router
from crispml_scoring.routes.inference import inference_router
from crispml_scoring.routes.invocations import INVOCATIONS, invocation_router
from crispml_scoring.routes.labels import label_router
from crispml_scoring.routes.replays import replay_router
from crispml_scoring.routes.reports import new_report_router
from crispml_scoring.routes.scores import score_router

PORT = 8102
# A pod whose queue is so full gets no new requests until it has caught up.
_FULL = 0.9
_LOOK_S = 1.0


def create_app(
    parts: ScoringParts | None = None,
    settings: CrispMLSettings | None = None,
    batches: Callable[[CrispMLSettings], Batches] = build_batches,
) -> FastAPI:
    """Return the scoring service.

    Parameters
    ----------
    parts : ScoringParts, optional
        Built from `settings` at start when left out; closed at the end in either case.
    settings : CrispMLSettings, optional
        Those of `parts`, or read from the environment, when left out.
    batches : callable
        Makes what accepts and executes batches.
    """
    known = settings or (load_settings() if parts is None else parts.settings)
    http = HttpMetrics()
    metrics = ScoringMetrics(http.registry)
    live: list[ScoringParts] = []
    database, audit = DatabaseMetrics(http.registry), AuditMetrics(http.registry)

    def look() -> None:
        for now in live:
            metrics.look(now.engine)
            database.look(now)
            audit.look(now)

    http.before_reading = look
    http.choose = lambda found: few_versions(found, _in_service(live[0]) if live else {})

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        now = await run_in_threadpool(build, known) if parts is None else parts
        now.engine.watch(metrics.on_commit, metrics.on_event)
        metrics.expect_labels(now.use_cases)
        if now.engine.shadow is not None:
            now.engine.shadow.watch(metrics.on_shadow, now.engine.note)
        await run_in_threadpool(now.engine.models.start)
        http.timings.watch(now.timings)
        live.append(now)
        app.state.parts, app.state.on_labels = now, metrics.on_labels
        looking = asyncio.create_task(_keep_looking(http.look))
        measuring = asyncio.create_task(keep_measuring(now, metrics))
        try:
            async with running(app, batches, known, now.timings):
                yield
        finally:
            looking.cancel()
            measuring.cancel()
            live.clear()
            await run_in_threadpool(now.close)

    def note(event: ServingEvent) -> None:
        if live:
            live[0].engine.note(event)

    def blind(use_case: str | None, digest: str) -> str | None:
        return live[0].privacy.refused(live[0].use_cases, use_case, digest) if live else None

    def subject(path: str) -> str | None:
        name = scored_use_case(path)
        return name if name is None or (live and name in live[0].use_cases) else ""

    app = create_base_app(
        _SERVICE,
        known,
        [
            use_case_router(),
            score_router(),
            label_router(),
            new_report_router(),
            drift_router(),
            replay_router(),
            unknown_method_router(SCORING_METHODS),
            model_router(),
            report_router(VerificationReports()),
            lineage_router(),
            whoami_router(),
            dossier_router(lambda request: request.app.state.parts.privacy),
            challenge_router(),
            event_router(),
            run_router(SCORING_METHODS[:1]),
            inference_router(),
            invocation_router(),
        ],
        lifespan,
        metrics=http,
        inner=[Middleware(Evidence, note=note, subject=subject, blind=blind)],
    )
    app.state.plain = HotPath(lambda: live[0] if live else None, http, app.state.gate)
    return app


async def _keep_looking(look: Callable[[], None]) -> None:
    """Look again and again: what one worker is asked for includes the state of the others."""
    while True:
        await asyncio.sleep(_LOOK_S)
        look()


def scored_use_case(path: str) -> str | None:
    """Return the use case that a path scores; empty where the path does not say, None elsewhere."""
    if path == INVOCATIONS:
        return ""
    parts = path.strip("/").split("/")
    match parts:
        case ["api", "v1", "use-cases", name, "new-data-score"]:
            return name
        case ["v2", "models", name, *_, "infer"]:
            return name
    return None


def _in_service(parts: ScoringParts) -> dict[str, set[str]]:
    models = parts.engine.models
    found = {
        use_case: {version for alias, version in versions.items() if alias in ROLES}
        for use_case, versions in models.serving().items()
    }
    for use_case, versions in found.items():
        # A challenger that only scores in the shadow answers under no alias.
        champion = models.find(use_case, CHAMPION)
        if champion is not None and champion.challenger is not None:
            versions.add(champion.challenger.shadow.version)
    return found


def _checks(parts: ScoringParts) -> Mapping[str, str | None]:
    """Look at the stores, and at each champion, which a new installation does not have yet.

    A champion that cannot serve is a failure, so that a new pod does not take the place of one that
    serves it.
    """
    engine = parts.engine
    broken = engine.models.broken()
    champions = {
        f"champion {name}": reason if reason is None or name in broken else WAITING + reason
        for name, reason in engine.models.status().items()
    }
    stores = dict(parts.ping())
    if stores.get("database") is not None and engine.durable.refusal is None:
        # Scores go to the journal meanwhile: the service does its work.
        stores["database"] = f"{WAITING}{stores['database']}"
    full = f"{engine.load:.0%} full"
    return {
        **stores,
        "journal": _journal(engine.durable),
        "queue": full if engine.load >= _FULL else f"{OK}, {full}",
        **champions,
    }


def _journal(durable: DurableLedger) -> str | None:
    if durable.refusal is not None:
        return f"the database takes no scores, and {durable.refusal}"
    if durable.reason is not None:
        return f"{WAITING}{durable.waiting} transactions wait for the database: {durable.reason}"
    if durable.damaged_bytes:
        return f"{OK}, but {durable.damaged_bytes} bytes were damaged and lie beside it"
    return None


_SERVICE = Service(
    name="scoring",
    title="CrispML scoring",
    summary="Methods 7 to 9 of the CRISP-DM life cycle: score, label, verify.",
    tags=(
        ("NewDataScore", "Method 7: records become scores, each one durable."),
        ("NewDataLabel", "Method 8: the truth arrives and is joined to the scores, once."),
        ("NewDataReport", "Method 9: the scores of a period are verified against the truth."),
        ("scores", "What was answered."),
        ("runs", "Batches: what was started, how far it is, and what came out."),
        ("drift", "How far scores and labels are from the training data."),
        ("labels", "What turned out to be true, with its corrections."),
        ("reports", "Verifications of periods."),
        ("events", "Refused and failed requests, and changes of what serves."),
        ("Open Inference Protocol", "Clients of Triton, KServe and MLServer work unchanged."),
        ("MLflow and SageMaker", "Their clients work unchanged."),
        ("use cases", "What can be scored."),
        ("models", "Registered models and their immutable versions."),
        ("aliases", "Names that move between the versions of a model; moved in training."),
        ("lineage", "What came from what."),
        ("access", "Who asks."),
        ("health", "Probes and metrics."),
    ),
    checks=_checks,
    owners={**SHARED_OWNERS, **OWNERS},
)
