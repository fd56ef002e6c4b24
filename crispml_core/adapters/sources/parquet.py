"""Parquet files and folders, in batches of bounded size whatever the size of the row groups.

pyarrow's own scan decodes whole row groups ahead of the reader, which is gigabytes for a file
written in one. So the scan only finds the files and, by their statistics, the row groups that a
filter can match; the row groups are then read piece by piece.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from crispml_core.adapters.sources.arrow_expressions import as_field, to_arrow
from crispml_core.adapters.sources.selecting import RowSelector
from crispml_core.domain.errors import InvalidInput, MalformedContent, StoreUnavailable
from crispml_core.domain.expressions import Expression, Kind
from crispml_core.domain.sources import ParquetSource, Selection
from crispml_core.domain.use_case import UseCase, kind_of
from crispml_core.tables.schema import empty_batch

BATCH_ROWS = 32_768
_BUFFER_BYTES = 1 << 20


class ParquetRecordSource:
    """Reads a Parquet file, or all Parquet files of a folder in the order of their names."""

    def __init__(self, use_case: UseCase, declaration: ParquetSource) -> None:
        self._use_case = use_case
        self._path = Path(declaration.path)

    def explain(self, selection: Selection) -> None:
        """Return None: no database is asked."""

    def read(self, selection: Selection) -> Iterator[pa.RecordBatch]:
        """Yield the selected rows; see `RecordSource`."""
        selector = RowSelector(self._use_case, selection)
        return selector.select(self._batches(selection.where))

    def _batches(self, where: Expression | None) -> Iterator[pa.RecordBatch]:
        try:
            dataset = ds.dataset(self._path, format="parquet")
            # Without rows, too, the columns want to be checked.
            yield empty_batch(dataset.schema)
            for fragment in sorted(dataset.get_fragments(), key=lambda part: part.path):
                yield from self._fragment(fragment, where)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError) as error:
            raise self._malformed() from error
        except OSError as error:
            # pyarrow raises a bare OSError, without a number, for bytes it cannot decode.
            if error.errno is None and not isinstance(error, FileNotFoundError):
                raise self._malformed() from error
            raise StoreUnavailable(
                f"the Parquet file of use case {self._use_case.name} cannot be read: "
                f"{error.strerror or type(error).__name__}"
            ) from error

    def _fragment(
        self, fragment: ds.ParquetFileFragment, where: Expression | None
    ) -> Iterator[pa.RecordBatch]:
        condition = None if where is None else self._pushed(where, fragment.physical_schema)
        groups = fragment if condition is None else fragment.subset(condition)
        with pq.ParquetFile(fragment.path, pre_buffer=False, buffer_size=_BUFFER_BYTES) as file:
            for batch in file.iter_batches(
                batch_size=BATCH_ROWS,
                row_groups=[group.id for group in groups.row_groups],
                use_threads=False,
            ):
                batch.validate(full=True)
                yield batch

    def _pushed(self, where: Expression, schema: pa.Schema) -> pc.Expression | None:
        """Return the filter for the statistics, or None when they cannot decide it.

        They can where the file has the types that the filter sees; elsewhere, as for numbers that
        are stored as text, only the rows themselves can.
        """
        columns = {}
        declared = (*self._use_case.fields, self._use_case.target.field)
        kinds = {field.name: kind_of(field) for field in declared}
        for name in set(where.fields()):
            if schema.names.count(name) != 1 or kinds[name] is not _kind(schema.field(name).type):
                return None
            columns[name] = as_field(pc.field(name), schema.field(name).type)
        try:
            condition = to_arrow(where, columns)
        except InvalidInput:
            return None
        return condition if isinstance(condition, pc.Expression) else None

    def _malformed(self) -> MalformedContent:
        return MalformedContent(
            f"the Parquet file of use case {self._use_case.name} is damaged, or is not Parquet; "
            "write it again"
        )


def _kind(kind: pa.DataType) -> Kind | None:
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return Kind.NUMBER
    if pa.types.is_boolean(kind):
        return Kind.TRUTH
    return Kind.TEXT if pa.types.is_string(kind) else None
