"""What became of the rows of an import, in the format that its caller likes best, page by page."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from crispml_core.domain.labels import ImportedLabels
from crispml_core.rest.content import JSON
from crispml_core.rest.formats.media import CSV, NDJSON, PARQUET
from crispml_core.rest.formats.sinks import Collected

if TYPE_CHECKING:
    import pyarrow as pa

_encoder = msgspec.json.Encoder()


def verdict_pieces(
    done: ImportedLabels, pages: Iterable[pa.RecordBatch], media: str
) -> Iterator[bytes]:
    """Yield the answer piece by piece.

    Parameters
    ----------
    done : ImportedLabels
        Stands before the rows in JSON; in the other formats its facts are headers.
    pages : iterable of pyarrow.RecordBatch
        From `crispml_core.ports.label_store.LabelStore.verdicts`.
    media : str
        From `crispml_core.rest.formats.media.score_media`.
    """
    if media == JSON:
        return _json(done, pages)
    if media == NDJSON:
        return map(_lines, pages)
    if media == CSV:
        return _csv(pages)
    return _table(pages, media)


def _json(done: ImportedLabels, pages: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    facts = {
        "import_id": done.import_id,
        "use_case": done.use_case,
        "received_at": done.received_at,
        "row_count": done.row_count,
        "counts": done.counts,
    }
    yield _encoder.encode(facts)[:-1] + b',"rows":['
    before = b""
    for page in pages:
        yield before + _lines(page).rstrip(b"\n").replace(b"\n", b",")
        before = b","
    yield b"]}"


def _lines(page: pa.RecordBatch) -> bytes:
    return _encoder.encode_lines(page.to_pylist())


def _csv(pages: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    yield b"row,verdict,label_id\r\n"
    for page in pages:
        text = io.StringIO()
        csv.writer(text).writerows(zip(*page.to_pydict().values(), strict=True))
        yield text.getvalue().encode()


def _table(pages: Iterable[pa.RecordBatch], media: str) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = Collected()
    writer: Any = None
    for page in pages:
        if writer is None and media == PARQUET:
            writer = pq.ParquetWriter(sink, page.schema, use_dictionary=["verdict"])
        elif writer is None:
            writer = pa.ipc.new_stream(sink, page.schema)
        writer.write_batch(page)
        yield sink.taken()
    writer.close()
    yield sink.taken()
