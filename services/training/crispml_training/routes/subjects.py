"""What is held about a person, and making it unreadable."""

from __future__ import annotations

import re
from itertools import chain
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Header, Query, Request
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from crispml_core.domain.errors import InvalidInput
from crispml_core.pipelines.subjects.erasing import ErasureAnswer
from crispml_core.pipelines.subjects.held import held_about
from crispml_core.rest.access.caller import principal_of
from crispml_core.rest.answers import answer
from crispml_core.rest.app import API
from crispml_core.rest.content import JSON
from crispml_core.rest.requests import RequestModel
from crispml_core.rest.strict_route import StrictRoute
from crispml_training.parts import parts_of

IN_HEADER = "-"
_MOST = 255
_NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")
# What a browser or a proxy must not keep.
_PERSONAL = {"Cache-Control": "no-store"}

SubjectHeader = Annotated[
    str | None,
    Header(
        alias="Crispml-Subject",
        description="The person, percent-encoded, when the address has `-` in its place: for "
        "whoever keeps addresses in a log.",
    ),
]


class EraseQuery(RequestModel):
    """Why somebody is erased."""

    reason: str = Field("", max_length=1000)
    """Why; without personal data, since it is kept."""


def subject_router() -> APIRouter:
    """Return the routes of data subjects."""
    router = APIRouter(prefix=f"{API}/subjects", tags=["privacy"], route_class=StrictRoute)

    @router.get(
        "/{subject}",
        summary="Read everything that is held about a person",
        responses={200: {"content": {JSON: {"schema": {"type": "object"}}}}},
        response_class=StreamingResponse,
    )
    def get_subject(
        request: Request, subject: str, in_header: SubjectHeader = None
    ) -> StreamingResponse:
        """Return scores with their inputs, labels, rows of data sets, and erasures, as JSON.

        The person is named as in the subject key of the use cases, or the record key where none is
        declared. Encrypted values are shown while the key of the person lives.
        """
        pieces = held_about(parts_of(request).subjects, _named(subject, in_header))
        first = next(pieces)  # what is wrong shows before the answer begins
        return StreamingResponse(chain([first], pieces), media_type=JSON, headers=_PERSONAL)

    @router.delete(
        "/{subject}", summary="Make a person unreadable, for good", response_model=ErasureAnswer
    )
    def erase_subject(
        request: Request,
        subject: str,
        query: Annotated[EraseQuery, Query()],
        in_header: SubjectHeader = None,
    ) -> Response:
        """Destroy the key of a person, and answer with a certificate of it.

        What was encrypted with the key is unreadable in every database, journal, bundle, data set
        and copy; statistics and the audit log stay as they are. A second call changes nothing.
        """
        done: Any = parts_of(request).eraser.erase(
            _named(subject, in_header),
            requested_by=principal_of(request).name,
            reason=query.reason,
        )
        return answer(done, headers=_PERSONAL)

    return router


def _named(subject: str, in_header: str | None) -> str:
    """Return the person that is meant: in the address, or in the header."""
    if subject != IN_HEADER:
        if in_header is not None:
            raise InvalidInput("name the person in the address or in the header, not in both")
        found = subject
    elif in_header is None:
        raise InvalidInput("the header Crispml-Subject must name the person")
    else:
        found = unquote(in_header, errors="surrogateescape")
    if not 0 < len(found) <= _MOST or _NO_TEXT.search(found):
        raise InvalidInput(f"the name of a person is UTF-8 of 1 to {_MOST} characters, without NUL")
    return found
