"""Any batch of a source as a batch of the record schema, with everything that is wrong with it.

Columns are checked first: a missing, unknown, duplicate or misspelt one makes looking at the values
pointless. Then each column is checked as a whole; single rows are only looked for in a column that
is known to hold a problem.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.domain.fields import MAX_KEY_LENGTH, Field, RecordSchema
from crispml_core.tables.casting import cast_column, mask_of
from crispml_core.tables.column_names import check_columns
from crispml_core.tables.findings import Findings
from crispml_core.tables.parsing import LARGEST, SMALLEST
from crispml_core.tables.schema import arrow_schema, empty_batch
from crispml_core.tables.wording import code, sentence


def conform(
    batch: pa.RecordBatch,
    fields: Iterable[Field],
    *,
    offset: int = 0,
    record_key: str | None = None,
) -> tuple[pa.RecordBatch, Findings]:
    """Bring a batch to the record schema.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
        Rows with the names and types of the source: text from CSV, anything from Parquet and SQL.
    fields : iterable of Field
        What is expected. A `RecordSchema` brings its record key along.
    offset : int
        Number of rows before this batch, for row numbers that count from the start of the table.
    record_key : str, optional
        The field that must not be empty text.

    Returns
    -------
    tuple of pyarrow.RecordBatch and Findings
        The batch has exactly the schema `arrow_schema(fields)`. A value that could not be read is
        null in it. After a finding about columns it has no rows.
    """
    if record_key is None and isinstance(fields, RecordSchema):
        record_key = fields.record_key
    fields = tuple(fields)
    schema, findings = arrow_schema(fields), Findings()
    for problem in check_columns(batch.schema.names, [field.name for field in fields]):
        findings.add(problem)
    if findings:
        return empty_batch(schema), findings
    columns = []
    for field in fields:
        values, broken = conform_column(batch.column(field.name), field, field.name == record_key)
        columns.append(values)
        for rule, mask in broken:
            rows = np.flatnonzero(mask) + offset
            if len(rows):
                findings.add_rows(code(rule), sentence(field, rule), field.name, rows)
    return pa.RecordBatch.from_arrays(columns, schema=schema), findings


def conform_column(
    values: pa.Array, field: Field, is_key: bool
) -> tuple[pa.Array, list[tuple[str, np.ndarray]]]:
    """Bring a column to the type of its field, with the rows that break each rule."""
    absent = values.is_null()
    cast = cast_column(values, field)
    values, broken = cast.values, []
    if cast.unfit is not None:
        broken.append(("category" if field.type == "category" else "type", cast.unfit))
    if cast.infinite is not None:
        broken.append(("finite", cast.infinite))
    if cast.nan is not None and not field.nullable:
        broken.append(("finite", cast.nan))
    if not field.nullable and pc.any(absent).as_py():
        broken.append(("missing", mask_of(absent)))
    if field.is_numeric:
        broken.extend(_out_of_range(values, field))
    elif field.type == "category":
        allowed = pc.or_(pc.is_in(values, pa.array(field.values)), values.is_null())
        if not pc.all(allowed).as_py():
            broken.append(("category", mask_of(pc.invert(allowed))))
    elif field.type == "string":
        broken.extend(_unfit_text(values, field, is_key))
    return values, broken


def _out_of_range(values: pa.Array, field: Field) -> Iterator[tuple[str, np.ndarray]]:
    for bound, round_up, beyond in (
        (field.minimum, math.ceil, pc.less),
        (field.maximum, math.floor, pc.greater),
    ):
        if bound is None:
            continue
        if field.type == "integer" and math.isfinite(bound):
            # As integers, because float64 does not tell large ones apart.
            bound = min(max(round_up(bound), SMALLEST), LARGEST)
        outside = beyond(values, pa.scalar(bound, values.type))
        if pc.any(outside).as_py():
            yield "range", mask_of(outside)


def _unfit_text(values: pa.Array, field: Field, is_key: bool) -> Iterator[tuple[str, np.ndarray]]:
    too_long = pc.greater(pc.utf8_length(values), field.max_length)
    if pc.any(too_long).as_py():
        yield "max_length", mask_of(too_long)
    with_nul = pc.match_substring(values, "\0")
    if pc.any(with_nul).as_py():
        yield "characters", mask_of(with_nul)
    if is_key:
        no_key = pc.greater(pc.utf8_length(values), MAX_KEY_LENGTH)
        if pc.any(no_key).as_py() and field.max_length > MAX_KEY_LENGTH:
            yield "key_length", mask_of(no_key)
        blank = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(values)), 0)
        if pc.any(blank).as_py():
            yield "empty_key", mask_of(blank)
