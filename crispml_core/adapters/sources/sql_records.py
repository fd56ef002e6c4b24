"""A SELECT whose rows are to be scored, so that they have no target."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import sqlalchemy as sa

from crispml_core.adapters.sources.sql import BATCH_ROWS, SqlRecordSource, _batch
from crispml_core.adapters.sources.sql_errors import source_error
from crispml_core.domain.sources import Selection


class UnlabelledSqlSource(SqlRecordSource):
    """Streams every column of a query; whether they fit is for the reader to check."""

    def _batches(self, selection: Selection) -> Iterator[pa.RecordBatch]:
        try:
            with self._transaction() as connection:
                found = self._columns(connection)
                yield pa.RecordBatch.from_arrays([pa.nulls(0)] * len(found), found)
                options = {"stream_results": True, "yield_per": BATCH_ROWS}
                statement = self._statement(found, found, selection)
                result = connection.execute(statement, execution_options=options)
                for rows in result.partitions():
                    yield _batch(rows, found)
        except sa.exc.SQLAlchemyError as error:
            raise source_error(self._use_case.name, error) from error
