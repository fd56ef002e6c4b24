"""How well the rows of a data set hide one another."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from crispml_core.domain.dataset_privacy import DataSetPrivacy, DiversityKind, PrivacyReport
from crispml_core.pipelines.anonymity import privacy_report
from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.requests import RequestModel
from crispml_core.rest.turns import COMPUTING
from crispml_training.parts import parts_of

_NAMES: Any = Field(None, min_length=1, max_length=100_000)


class PrivacyQuery(RequestModel):
    """What the data set is held against; what is left out is as the use case declares it."""

    quasi_identifiers: str | None = _NAMES
    """Columns that together may tell who a row is about, separated by commas."""

    sensitive: str | None = _NAMES
    """Columns that nobody may learn about a person, separated by commas."""

    k: int | None = Field(None, ge=1)
    """Rows that every combination of the quasi-identifiers must have."""

    l: float | None = Field(None, ge=1, allow_inf_nan=False)  # noqa: E741  # as in the literature
    """How diverse each sensitive column must be in every combination."""

    diversity: DiversityKind | None = None
    """How `l` counts."""

    c: float | None = Field(None, gt=0, allow_inf_nan=False)
    """Of the recursive (c, l)-diversity."""

    def over(self, declared: DataSetPrivacy) -> DataSetPrivacy:
        """Return what is asked for, where the use case has `declared` something."""
        said: dict[str, Any] = self.model_dump(exclude_none=True)
        for name in ("quasi_identifiers", "sensitive"):
            if name in said:
                said[name] = tuple(said[name].split(","))
        return replace(declared, **said)


def dataset_privacy_router() -> APIRouter:
    """Return the route of the privacy report."""
    router = APIRouter(prefix=f"{API}/datasets", tags=["data sets"], route_class=GuardedRoute)

    @router.get(
        "/{dataset_id}/privacy-report",
        summary="Report how well rows hide one another",
        dependencies=[COMPUTING],
        response_model=PrivacyReport,
    )
    def get_privacy_report(
        request: Request, dataset_id: str, query: Annotated[PrivacyQuery, Query()]
    ) -> Response:
        """Return k-anonymity and l-diversity over quasi-identifiers, as counts without values."""
        parts = parts_of(request)
        use_case = parts.use_cases.get(parts.datasets.get(dataset_id).use_case)
        declared = DataSetPrivacy() if use_case is None else use_case.privacy
        return answer(privacy_report(parts.datasets, dataset_id, query.over(declared)))

    return router
