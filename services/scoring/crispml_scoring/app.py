"""The app of the scoring service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from crispml_core.bootstrap import Parts, build
from crispml_core.domain.runs import SCORING_METHODS
from crispml_core.rest.app import Service, create_base_app
from crispml_core.rest.health import WAITING
from crispml_core.rest.routes.models import model_router
from crispml_core.rest.routes.reports import report_router
from crispml_core.rest.routes.unknown_method import unknown_method_router
from crispml_core.rest.routes.use_cases import use_case_router
from crispml_core.settings import CrispMLSettings, load_settings
from crispml_scoring.reports import VerificationReports
from crispml_scoring.routes.labels import label_router
from crispml_scoring.routes.reports import new_report_router
from crispml_scoring.routes.scores import score_router

PORT = 8102


def build_parts(settings: CrispMLSettings) -> Parts:
    """Build the parts of this service."""
    return build(settings, service="scoring")


def create_app(parts: Parts | None = None, settings: CrispMLSettings | None = None) -> FastAPI:
    """Return the scoring service.

    Parameters
    ----------
    parts : Parts, optional
        Built from `settings` at start when left out; closed at the end in either case.
    settings : CrispMLSettings, optional
        Those of `parts`, or read from the environment, when left out.
    """
    known = settings or (load_settings() if parts is None else parts.settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        live = await run_in_threadpool(build_parts, known) if parts is None else parts
        app.state.parts = live
        try:
            yield
        finally:
            live.close()

    return create_base_app(
        _SERVICE,
        known,
        [
            use_case_router(),
            score_router(),
            label_router(),
            new_report_router(),
            unknown_method_router(SCORING_METHODS),
            model_router(),
            report_router(VerificationReports()),
        ],
        lifespan,
    )


def _checks(parts: Parts) -> dict[str, str | None]:
    """Look at the stores, and at each champion, which a new installation does not have yet."""
    assert parts.scoring is not None
    champions = {
        f"champion {name}": None if reason is None else WAITING + reason
        for name, reason in parts.scoring.ready().items()
    }
    return {**parts.ping(), **champions}


_SERVICE = Service(
    name="scoring",
    title="CrispML scoring",
    summary="Methods 7 to 9 of the CRISP-DM life cycle: score, label, verify.",
    tags=(
        ("NewDataScore", "Method 7: records become scores, each one durable."),
        ("NewDataLabel", "Method 8: the truth arrives and is joined to the scores, once."),
        ("NewDataReport", "Method 9: the scores of a period are verified against the truth."),
        ("scores", "What was answered."),
        ("labels", "What turned out to be true, with its corrections."),
        ("reports", "Verifications of periods."),
        ("use cases", "What can be scored."),
        ("models", "Registered models and their immutable versions."),
        ("aliases", "Names that move between the versions of a model; moved in training."),
        ("health", "Probes and metrics."),
    ),
    checks=_checks,
)
