"""A SELECT whose rows are to be scored, so that they have no target."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from crispml_core.adapters.sources.sql.source import SqlRecordSource
from crispml_core.adapters.sources.sql.statement import columns_of, one_statement, queried
from crispml_core.adapters.sources.sql.streaming import stream
from crispml_core.domain.sources import Selection


class UnlabelledSqlSource(SqlRecordSource):
    """Streams every column of a query; whether they fit is for the reader to check."""

    def _batches(self, selection: Selection) -> Iterator[pa.RecordBatch]:
        text = one_statement(self._declared.query)
        with self.database.reading() as connection:
            found = list(dict.fromkeys(columns_of(connection, text)))
            yield pa.RecordBatch.from_arrays([pa.nulls(0)] * len(found), found)
            numeric = [field.name for field in self._use_case.fields if field.is_numeric]
            yield from stream(connection, queried(text, found), found, numeric)
