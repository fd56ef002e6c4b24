"""Methods 2 to 6 and the cycle: each request becomes a run."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from starlette.responses import Response

from crispml_core.domain.runs import CYCLE, Run
from crispml_core.rest.app import API
from crispml_core.rest.preferences import IdempotencyHeader, Prefer
from crispml_core.rest.strict_route import StrictRoute
from crispml_training import requests
from crispml_training.submit import submit

RUN_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": Run, "description": "The finished run, with `Prefer: wait`."},
    202: {"model": Run, "description": "The queued run; `Location` is where to look for it."},
}


def method_router() -> APIRouter:
    """Return the routes of methods 2 to 6 and of the cycle."""
    router = APIRouter(
        prefix=f"{API}/use-cases/{{use_case}}", route_class=StrictRoute, responses=RUN_ANSWERS
    )

    @router.post(
        "/data-preparation",
        status_code=202,
        tags=["DataPreparation"],
        summary="Prepare a raw data set",
    )
    async def data_preparation(
        request: Request,
        use_case: str,
        body: requests.PreparationRequest,
        promise: IdempotencyHeader,
        prefer: Prefer = None,
    ) -> Response:
        """Derive the declared fields and assign each row to `train`, `select` or `test`."""
        return await _submit(request, use_case, "data-preparation", body, promise, prefer)

    @router.post(
        "/data-curation", status_code=202, tags=["DataCuration"], summary="Curate for an algorithm"
    )
    async def data_curation(
        request: Request,
        use_case: str,
        body: requests.CurationRequest,
        promise: IdempotencyHeader,
        prefer: Prefer = None,
    ) -> Response:
        """Learn the curation of an algorithm on `train` and apply it to every row."""
        return await _submit(request, use_case, "data-curation", body, promise, prefer)

    @router.post("/model-training", status_code=202, tags=["ModelTraining"], summary="Fit a model")
    async def model_training(
        request: Request,
        use_case: str,
        body: requests.TrainingRequest,
        promise: IdempotencyHeader,
        prefer: Prefer = None,
    ) -> Response:
        """Fit the estimator, after a search when one is asked for."""
        return await _submit(request, use_case, "model-training", body, promise, prefer)

    @router.post(
        "/model-report", status_code=202, tags=["ModelReport"], summary="Evaluate a fitted model"
    )
    async def model_report(
        request: Request,
        use_case: str,
        body: requests.ReportRequest,
        promise: IdempotencyHeader,
        prefer: Prefer = None,
    ) -> Response:
        """Evaluate a fitted model on `test`: KPIs, figures, and each segment on its own."""
        return await _submit(request, use_case, "model-report", body, promise, prefer)

    @router.post(
        "/model-persist", status_code=202, tags=["ModelPersist"], summary="Publish a version"
    )
    async def model_persist(
        request: Request,
        use_case: str,
        body: requests.PersistRequest,
        promise: IdempotencyHeader,
        prefer: Prefer = None,
    ) -> Response:
        """Publish a fitted model with its report as an immutable version."""
        return await _submit(request, use_case, "model-persist", body, promise, prefer)

    @router.post("/cycle", status_code=202, tags=["cycle"], summary="Run the whole cycle")
    async def cycle(
        request: Request,
        use_case: str,
        body: Annotated[requests.CycleRequest, Body(default_factory=requests.CycleRequest)],
        promise: IdempotencyHeader,
        prefer: Prefer = None,
    ) -> Response:
        """Run methods 1 to 6 for each algorithm; one cycle of a use case runs at a time."""
        return await _submit(request, use_case, CYCLE, body, promise, prefer)

    return router


async def _submit(
    request: Request,
    use_case: str,
    method: str,
    body: requests.RunRequest,
    promise: IdempotencyHeader,
    prefer: str | None,
) -> Response:
    return await submit(
        request, use_case, method, body.parameters(), body.timeout_s, promise, prefer
    )
