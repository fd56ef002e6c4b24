"""Bodies of methods 7 to 9, as far as they are not records or labels.

Records and labels stay plain values here: the use case checks them, row by row.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from crispml_core.domain.errors import InvalidInput, MalformedContent, TooLarge
from crispml_core.rest.label_dialects.choice import Dialect
from crispml_core.rest.requests import Moment, RequestModel, validated

Name = Annotated[str, Field(strict=True, min_length=1, max_length=128)]


class ScoreRequest(RequestModel):
    """Records, and which model version shall answer them."""

    records: list[Any]
    """Objects by field name; the target is not among them."""

    alias: Name | None = None
    """Which alias answers; `champion` when it is left out."""

    model_version: Name | None = None
    """A version that answers instead of an alias."""


class ScoreOptions(RequestModel):
    """What may be asked for beside the records."""

    alias: Name | None = None
    """Which alias answers; `champion` when it is left out."""

    model_version: Name | None = None
    """A version that answers instead of an alias."""

    explain: bool = False
    """Adds the reasons of every score."""

    interval: float | None = Field(None, gt=0, lt=1)
    """Adds a conformal interval, or a set of classes, of this confidence, for example 0.9."""


class LabelOptions(RequestModel):
    """How labels are read and answered."""

    dialect: Dialect | None = None
    """How the records of another system are read; by their looks when it is left out."""

    rows: bool = True
    """Whether the answer says what became of each row; `false` leaves the counts."""


class ReportRequest(RequestModel):
    """Which scores are verified; all of them when everything is left out."""

    start: Moment | None = Field(None, alias="from")
    """First moment of the period."""

    end: Moment | None = Field(None, alias="to")
    """First moment after the period."""

    version: Name | None = None
    """Only the scores of this model version."""

    as_of: Moment | None = None
    """Only what was stored until then, so that an old report can be made again."""


class ReplayRequest(RequestModel):
    """Which scores are asked for again, and who answers."""

    version: Name
    """The model version that answers now."""

    start: Moment | None = Field(None, alias="from")
    """First moment of the window."""

    end: Moment | None = Field(None, alias="to")
    """First moment after the window."""

    of_version: Name | None = None
    """Only scores of this model version."""


def score_request(body: Any, max_records: int) -> ScoreRequest:
    """Read one record, a list of records, or an object with ``records``."""
    if isinstance(body, dict) and isinstance(body.get("records"), list):
        request = validated(ScoreRequest, body)
    elif isinstance(body, dict):
        request = ScoreRequest(records=[body])
    elif isinstance(body, list):
        request = ScoreRequest(records=body)
    else:
        raise MalformedContent("send one record as an object, a list of them, or {records: [...]}")
    if request.alias is not None and request.model_version is not None:
        raise InvalidInput("alias, model_version: give one of them")
    _check_size("records", request.records, max_records)
    return request


def _check_size(name: str, rows: list[Any], most: int) -> None:
    if not rows:
        raise InvalidInput(f"{name}: send at least one")
    if len(rows) > most:
        raise TooLarge(f"{name}: send at most {most} in one request")
