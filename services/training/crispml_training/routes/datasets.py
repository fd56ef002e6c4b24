"""The content of data sets: rows by page, and the whole table as Parquet."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from crispml_core.domain.datasets import SPLIT_COLUMN, DataSet
from crispml_core.domain.errors import InvalidInput, did_you_mean
from crispml_core.rest.access.guarded_route import GuardedRoute
from crispml_core.rest.app import API
from crispml_core.rest.pagination import (
    Page,
    PageQuery,
    cursor_answer,
    encode_cursor,
)
from crispml_training.parts import parts_of

PARQUET = "application/vnd.apache.parquet"


class RowsQuery(PageQuery):
    """Which rows and columns are wanted."""

    split: Literal["train", "select", "test"] | None = None
    """Only the rows of this split; for a prepared or curated data set."""

    columns: str | None = Field(None, min_length=1, max_length=100_000)
    """Names separated by commas; all when left out."""


def dataset_router() -> APIRouter:
    """Return the routes that give the rows of data sets."""
    router = APIRouter(prefix=f"{API}/datasets", tags=["data sets"], route_class=GuardedRoute)

    @router.get("/{dataset_id}/rows", summary="Read rows", response_model=Page[dict[str, Any]])
    def get_rows(
        request: Request, dataset_id: str, query: Annotated[RowsQuery, Query()]
    ) -> Response:
        """Return rows in order, as objects by column name."""
        parts_of(request).door.check(dataset_id)
        datasets = parts_of(request).datasets
        columns, hidden = _columns(datasets.get(dataset_id), query)
        batches = datasets.batches(dataset_id, [*columns, *hidden])
        rows, following = _rows(batches, columns, query)
        cursor = None if following is None else encode_cursor(str(following))
        return cursor_answer(request, rows, cursor)

    @router.get(
        "/{dataset_id}/content",
        summary="Download a data set",
        response_class=StreamingResponse,
        responses={200: {"content": {PARQUET: {"schema": {"type": "string"}}}}},
    )
    def get_content(request: Request, dataset_id: str) -> Response:
        """Return every row as one Parquet file."""
        parts_of(request).door.check(dataset_id)
        datasets = parts_of(request).datasets
        return StreamingResponse(
            _parquet(datasets.batches(dataset_id)),
            media_type=PARQUET,
            headers={"Content-Disposition": f'attachment; filename="{dataset_id}.parquet"'},
        )

    return router


def _columns(dataset: DataSet, query: RowsQuery) -> tuple[list[str], list[str]]:
    """Return the columns to show, and those to read besides."""
    known = [column.name for column in dataset.columns]
    wanted = known if query.columns is None else query.columns.split(",")
    for position, name in enumerate(wanted, start=1):
        if name not in known:
            raise InvalidInput(
                f"columns: name {position} is not a column{did_you_mean(name, known)}; "
                f"known: {', '.join(known)}"
            )
    if len(set(wanted)) != len(wanted):
        raise InvalidInput("columns: name each column once")
    if query.split is not None and SPLIT_COLUMN not in known:
        raise InvalidInput("split: a raw data set has no split; take a prepared one")
    return wanted, [SPLIT_COLUMN] if query.split and SPLIT_COLUMN not in wanted else []


def _rows(
    batches: Iterator[pa.RecordBatch], columns: list[str], query: RowsQuery
) -> tuple[list[dict[str, Any]], int | None]:
    """Return one page, and the number of the row where the next one starts, if there is one."""
    start = query.before_number
    rows: list[dict[str, Any]] = []
    first = 0
    for batch in batches:
        numbers = pa.array(range(first, first + batch.num_rows), pa.int64())
        first += batch.num_rows
        if first <= start:
            continue
        kept = pc.greater_equal(numbers, start)
        if query.split is not None:
            kept = pc.and_(kept, pc.equal(batch[SPLIT_COLUMN], query.split))
        numbers, batch = numbers.filter(kept), batch.filter(kept)
        room = query.limit - len(rows)
        rows += batch.select(columns).slice(0, room).to_pylist()
        if batch.num_rows > room:
            return rows, numbers[room].as_py()
    return rows, None


def _parquet(batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    """Write batches as one Parquet file, giving its bytes away after each batch."""
    sink = _Sink()
    writer: pq.ParquetWriter | None = None
    for batch in batches:
        if writer is None:
            writer = pq.ParquetWriter(pa.PythonFile(sink, mode="w"), batch.schema)
        writer.write_batch(batch)
        yield sink.take()
    if writer is not None:
        writer.close()
        yield sink.take()


class _Sink(io.RawIOBase):
    """Collects what is written until it is taken."""

    def __init__(self) -> None:
        self._waiting, self._position = bytearray(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        content = bytes(data)
        self._waiting += content
        self._position += len(content)
        return len(content)

    def tell(self) -> int:
        return self._position

    def take(self) -> bytes:
        content = bytes(self._waiting)
        self._waiting.clear()
        return content
