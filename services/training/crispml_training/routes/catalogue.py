"""The catalogue: data sets as they are described, found, described anew and compared."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from pydantic import Field, WithJsonSchema
from starlette.responses import Response

from crispml_core.domain.catalogue import (
    CatalogueEntry,
    CatalogueSearch,
    DataSetNote,
    Sensitivity,
)
from crispml_core.domain.dataset_diff import MAX_SAMPLE, DataSetDiff
from crispml_core.domain.datasets import Stage
from crispml_core.domain.errors import InvalidInput, PreconditionRequired
from crispml_core.pipelines.dataset_diff import diff_datasets
from crispml_core.ports.dataset_notes import ANY_SEQUENCE
from crispml_core.rest.access.caller import who_asks
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.pagination import Page, PageQuery, whole_answer
from crispml_core.rest.requests import RequestModel
from crispml_core.rest.strict_route import StrictRoute
from crispml_core.rest.turns import COMPUTING
from crispml_training.parts import parts_of
from crispml_training.requests import DescriptionRequest

_ETAG = re.compile(r'"([0-9]{1,9})"')

IfMatch = Annotated[
    str | None,
    WithJsonSchema({"type": "string", "pattern": r'^(\*|"[0-9]{1,9}")$'}),
    Header(
        alias="If-Match",
        description="The `sequence` of the description that the caller saw, in quotes; `*` for "
        "any.",
    ),
]


class DataSetsQuery(PageQuery):
    """Which data sets are wanted; every condition must hold."""

    use_case: str | None = None
    """Only those of this use case."""

    stage: Stage | None = None
    """Only those of this stage."""

    q: str = Field("", max_length=1000)
    """Words that all occur in id, use case, owner, description, tags or column names."""

    tag: str | None = None
    """Only those with this tag."""

    owner: str | None = None
    """Only those of this owner."""

    sensitivity: Sensitivity | None = None
    """Only those that are as confidential as this."""

    @property
    def search(self) -> CatalogueSearch:
        """The conditions on what is said about a data set."""
        return CatalogueSearch(
            words=self.q, tag=self.tag, owner=self.owner, sensitivity=self.sensitivity
        )


class DiffQuery(RequestModel):
    """How much of a difference is shown."""

    sample: int = Field(20, ge=0, le=MAX_SAMPLE)
    """How many record keys are shown, of added, removed and changed rows each."""


def catalogue_router() -> APIRouter:
    """Return the routes of the catalogue."""
    router = APIRouter(prefix=f"{API}/datasets", tags=["data sets"], route_class=StrictRoute)

    @router.get("", summary="Search the data sets", response_model=Page[CatalogueEntry])
    def list_datasets(request: Request, query: Annotated[DataSetsQuery, Query()]) -> Response:
        """Return the manifests of what is found with its description, newest first."""
        found = parts_of(request).catalogue.find(query.use_case, query.stage, query.search)
        return whole_answer(request, found, lambda entry: entry.id, query)

    @router.get("/{dataset_id}", summary="Describe a data set", response_model=CatalogueEntry)
    def get_dataset(request: Request, dataset_id: str) -> Response:
        """Return the manifest (columns, digests, lineage, profile) and what is said about it now.

        The ETag is the `sequence` of the description.
        """
        return _entry_answer(parts_of(request).catalogue.get(dataset_id))

    @router.patch(
        "/{dataset_id}", summary="Say something about a data set", response_model=CatalogueEntry
    )
    def patch_dataset(
        request: Request, dataset_id: str, body: DescriptionRequest, if_match: IfMatch = None
    ) -> Response:
        """Change owner, description, tags or sensitivity; the data set itself stays as it is.

        The history keeps every change. A data set never becomes less confidential without a reason.
        """
        changes = body.model_dump(mode="json", exclude={"reason", "noted_by"}, exclude_unset=True)
        entry = parts_of(request).catalogue.describe(
            dataset_id,
            changes,
            expected=_expected(if_match),
            noted_by=who_asks(request, "noted_by", body.noted_by),
            reason=body.reason,
        )
        return _entry_answer(entry)

    @router.get(
        "/{dataset_id}/notes",
        summary="What was said about a data set?",
        response_model=Page[DataSetNote],
    )
    def list_notes(
        request: Request, dataset_id: str, query: Annotated[PageQuery, Query()]
    ) -> Response:
        """Return every change of the description, newest first."""
        notes = parts_of(request).catalogue.history(dataset_id)
        return whole_answer(request, notes, lambda note: str(note.sequence), query)

    @router.get(
        "/{dataset_id}/diff/{other_id}",
        summary="Compare two data sets",
        dependencies=[COMPUTING],
        response_model=DataSetDiff,
    )
    def diff(
        request: Request, dataset_id: str, other_id: str, query: Annotated[DiffQuery, Query()]
    ) -> Response:
        """Return which columns, which rows and which distributions of the second are different.

        Of a record the answer names its key and nothing else.
        """
        parts = parts_of(request)
        use_case = parts.use_cases.get(parts.datasets.get(dataset_id).use_case)
        return answer(diff_datasets(parts.datasets, use_case, dataset_id, other_id, query.sample))

    return router


def _entry_answer(entry: CatalogueEntry) -> Response:
    return answer(entry, headers={"ETag": f'"{entry.sequence}"'})


def _expected(if_match: str | None) -> int:
    if if_match is None:
        raise PreconditionRequired(
            "header If-Match must have the sequence of the description that you saw, in quotes, "
            "or *"
        )
    if if_match.strip() == "*":
        return ANY_SEQUENCE
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        raise InvalidInput("header If-Match must be a sequence in double quotes, or *")
    return int(found[1])
