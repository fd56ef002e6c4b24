"""What became of the rows of an import, as it can be read from the labels they left."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, select

from crispml_core.adapters.sql.databases.raw_batches import read_table
from crispml_core.adapters.sql.schema.tables import labels
from crispml_core.domain.labels import Verdict

VERDICTS = pa.schema([("row", pa.int64()), ("verdict", pa.string()), ("label_id", pa.string())])


def page_of_verdicts(
    connection: Connection, import_id: str, first: int, end: int
) -> pa.RecordBatch:
    """Return the rows [first, end) of an import; what left no label was there already."""
    query = select(labels.c.row_number, labels.c.verdict, labels.c.label_id).where(
        labels.c.import_id == import_id,
        labels.c.row_number >= first,
        labels.c.row_number < end,
    )
    found = read_table(connection, query, VERDICTS)
    places = found["row"].to_numpy() - first
    verdicts = np.full(end - first, Verdict.DUPLICATE.value, object)
    verdicts[places] = found["verdict"].to_numpy()
    ids = np.full(end - first, None, object)
    ids[places] = found["label_id"].to_numpy()
    columns = [np.arange(first, end), verdicts, ids]
    arrays = [pa.array(c, field.type) for c, field in zip(columns, VERDICTS, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=VERDICTS)
