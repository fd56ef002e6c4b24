"""The body of a request for a very large batch."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from crispml_core.domain.batches import MAX_CHUNK_ROWS
from crispml_core.rest.requests import RequestModel

Name = Annotated[str, Field(strict=True, min_length=1, max_length=128)]
Place = Annotated[str, Field(strict=True, min_length=1, max_length=1000)]


class SqlRecords(RequestModel):
    """A query whose rows are the records."""

    query: Annotated[str, Field(strict=True, min_length=1, max_length=20_000)]
    """One SELECT, which runs read-only as a subquery."""

    connection: Name
    """One of the connections that the service knows."""


class BatchSource(RequestModel):
    """Where the records are."""

    parquet: Place | None = None
    """A Parquet file, or a folder of them, below the folder of batches."""

    sql: SqlRecords | None = None
    """A query, instead of Parquet."""


class BatchSink(RequestModel):
    """Where the scores go."""

    parquet: Place
    """A folder that is not there yet, below the folder of batches."""


class BatchRequest(RequestModel):
    """A batch that is scored as a run."""

    source: BatchSource
    """Where the records are."""

    sink: BatchSink
    """Where the scores go."""

    alias: Name | None = None
    """Which alias answers; `champion` when it is left out."""

    model_version: Name | None = None
    """A version that answers instead of an alias."""

    chunk_rows: int | None = Field(None, ge=1, le=MAX_CHUNK_ROWS, strict=True)
    """Records that are scored and committed together."""

    timeout_s: float | None = Field(None, gt=0, le=7 * 24 * 3600, allow_inf_nan=False)
    """How long the run may take; the setting of the service when it is left out."""


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON schema without references, as it can stand inside an OpenAPI document."""
    known = schema.pop("$defs", {})

    def inline(part: Any) -> Any:
        if isinstance(part, list):
            return [inline(each) for each in part]
        if not isinstance(part, dict):
            return part
        name = part.get("$ref", "").rpartition("/")[2]
        return {
            key: inline(value)
            for key, value in {**known.get(name, {}), **part}.items()
            if key != "$ref"
        }

    inlined: dict[str, Any] = inline(schema)
    return inlined


BATCH_BODY = _inlined(BatchRequest.model_json_schema())
"""The schema of a body that asks for a batch."""
