"""Parquet bodies, read piece by piece whatever the size of their row groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from crispml_core.domain.errors import MalformedContent, Problem, TooLarge
from crispml_core.domain.fields import RecordSchema
from crispml_core.rest.formats.mapped import as_buffer
from crispml_core.rest.formats.parquet_pages import BadHeader, page_sizes
from crispml_core.tables.batch_check import MAX_BATCH_ROWS
from crispml_core.tables.findings import Findings
from crispml_core.tables.wording import sentence

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_BUFFER_BYTES = 1 << 20
_FOOTER_BYTES = 16 << 20
_FOOTER_ITEMS = 1_000_000

MAX_PAGE_BYTES = 128 << 20
"""Most bytes of one page after decompression; writers make them of about one MiB."""


def parquet_names(file: BinaryIO) -> list[str]:
    """Return the names of the columns.

    Raises
    ------
    MalformedContent
        If the body is no Parquet.
    """
    with _opened(file) as opened:
        names: list[str] = opened.schema_arrow.names
        return names


def read_parquet(file: BinaryIO, schema: RecordSchema, max_bytes: int) -> Iterator[pa.RecordBatch]:
    """Yield batches of at most `MAX_BATCH_ROWS` rows.

    Texts are read as dictionaries, so that a value is held once however many rows have it: a file
    of some kilobytes could otherwise become any number of gigabytes.

    Raises
    ------
    MalformedContent
        If the body is no Parquet, or is damaged.
    InvalidRecords
        If a column is nested or has bytes instead of text.
    TooLarge
        If it says that it has more than `max_bytes` uncompressed, or that a page has more than
        `MAX_PAGE_BYTES`.
    """
    with _opened(file) as opened:
        footer = opened.metadata
        texts = _texts(opened.schema_arrow, schema)
        groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
        if sum(group.total_byte_size for group in groups) > max_bytes:
            raise TooLarge(f"the Parquet body has more than {max_bytes} bytes uncompressed")
        _check_pages(memoryview(as_buffer(file)).cast("B"), groups)
    with _opened(file, footer, texts) as opened:
        for batch in opened.iter_batches(batch_size=MAX_BATCH_ROWS, use_threads=False):
            batch.validate(full=True)
            yield batch


def _check_pages(content: memoryview, groups: list[pq.RowGroupMetaData]) -> None:
    # A group without rows need not have pages, and says that they begin anywhere.
    for group in (each for each in groups if each.num_rows):
        for number in range(group.num_columns):
            chunk = group.column(number)
            start = chunk.data_page_offset
            if chunk.has_dictionary_page:
                start = min(start, chunk.dictionary_page_offset)
            for size in page_sizes(content, start, start + chunk.total_compressed_size):
                if size > MAX_PAGE_BYTES:
                    most = MAX_PAGE_BYTES >> 20
                    raise TooLarge(f"a page of the Parquet body has more than {most} MiB")


def _texts(found: pa.Schema, schema: RecordSchema) -> list[str]:
    """Return the columns of text; refuse those that can be neither a value nor a text."""
    import pyarrow.types as kinds

    texts, findings = [], Findings()
    for field in schema:
        if field.name not in found.names:
            continue
        kind = found.field(field.name).type
        if kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind):
            texts.append(field.name)
        elif not any(is_kind(kind) for is_kind in _fixed_width()):
            rule = "category" if field.type == "category" else "type"
            findings.add(Problem(rule, sentence(field, rule), field.name))
    findings.raise_if_any()
    return texts


def _fixed_width() -> tuple[Callable[[pa.DataType], bool], ...]:
    """Return the tests for columns whose values are small; a dictionary is read as one anyway."""
    import pyarrow.types as kinds

    return kinds.is_primitive, kinds.is_decimal, kinds.is_null, kinds.is_dictionary


@contextmanager
def _opened(
    file: BinaryIO, footer: pq.FileMetaData | None = None, texts: list[str] | None = None
) -> Iterator[pq.ParquetFile]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        yield pq.ParquetFile(
            pa.BufferReader(as_buffer(file)),
            metadata=footer,
            read_dictionary=texts,
            pre_buffer=False,
            buffer_size=_BUFFER_BYTES,
            thrift_string_size_limit=_FOOTER_BYTES,
            thrift_container_size_limit=_FOOTER_ITEMS,
        )
    except (pa.ArrowException, UnicodeDecodeError, BadHeader):
        raise _malformed() from None
    except OSError as error:
        # pyarrow raises a bare OSError, without a number, for bytes it cannot decode.
        if error.errno is not None:
            raise
        raise _malformed() from None


def _malformed() -> MalformedContent:
    return MalformedContent("the body is not Parquet, or is damaged; write it again")
