"""Scores as Parquet and as an Arrow stream; the facts of the request are schema metadata."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crispml_core.rest.formats.columns import columns_of
from crispml_core.rest.formats.facts import table_metadata
from crispml_core.rest.formats.media import ARROW, PARQUET
from crispml_core.rest.formats.sinks import Collected
from crispml_core.serving.scored import Scored

if TYPE_CHECKING:
    import pyarrow as pa


class _TableAnswer(ABC):
    """Collects what a writer of pyarrow writes, and hands it out piece by piece."""

    def __init__(self) -> None:
        self._sink = Collected()
        self._writer: Any = None

    def begin(self, scored: Scored) -> bytes:
        """Return what comes before the first scores."""
        import pyarrow as pa

        self._columns = columns_of(scored)
        table = self._table(_first(scored))
        kinds = [(name, array.type) for name, array in table.items()]
        self._schema = pa.schema(kinds, metadata=table_metadata(scored))
        self._writer = self._open(self._schema)
        return self._sink.taken()

    def chunk(self, scored: Scored) -> bytes:
        """Return the next scores."""
        import pyarrow as pa

        arrays = list(self._table(scored).values())
        self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        return self._sink.taken()

    def end(self) -> bytes:
        """Return what comes after the last scores."""
        self._writer.close()
        return self._sink.taken()

    def _table(self, scored: Scored) -> dict[str, pa.Array]:
        from crispml_core.tables.score_table import score_columns

        columns = score_columns(
            scored.scores,
            scored.classes,
            self._columns.segments,
            scored.group_id,
            scored.offset,
            has_details=self._columns.has_details,
        )
        if self._columns.has_versions:
            import pyarrow as pa

            versions = scored.versions or [scored.version] * len(scored.scores)
            columns["score_id"] = pa.array(scored.score_ids(), pa.string())
            columns["version"] = pa.array(versions, pa.string())
        return columns

    @abstractmethod
    def _open(self, schema: pa.Schema) -> Any:
        """Return the writer into `_sink`."""


class ArrowAnswer(_TableAnswer):
    """An Arrow IPC stream of plain columns, one batch per chunk."""

    media = ARROW

    def _table(self, scored: Scored) -> dict[str, pa.Array]:
        import pyarrow as pa

        return {
            name: array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
            for name, array in super()._table(scored).items()
        }

    def _open(self, schema: pa.Schema) -> Any:
        import pyarrow as pa

        return pa.ipc.new_stream(self._sink, schema)


class ParquetAnswer(_TableAnswer):
    """A Parquet file, one row group per chunk."""

    media = PARQUET

    def _open(self, schema: pa.Schema) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        repeating = [field.name for field in schema if pa.types.is_dictionary(field.type)]
        # Nobody looks for a row by its statistics. Without the Arrow schema, a reader gets texts.
        writer = pq.ParquetWriter(
            self._sink,
            schema,
            use_dictionary=repeating,
            write_statistics=False,
            store_schema=False,
        )
        writer.add_key_value_metadata(schema.metadata)
        return writer


def _first(scored: Scored) -> Scored:
    """Return one of the scores, which has all columns and their types."""
    ids, versions = scored.ids, scored.versions
    return replace(
        scored,
        scores=scored.scores.part(0, 1),
        ids=None if ids is None else ids[:1],
        versions=None if versions is None else versions[:1],
    )
