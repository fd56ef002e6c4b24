"""Batches of any source as batches of the record schema, or everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from crispml_core.domain.fields import Field, RecordSchema
from crispml_core.tables.column_names import check_columns
from crispml_core.tables.findings import Findings
from crispml_core.tables.wording import code, sentence

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

MAX_BATCH_ROWS = 65_536

# A value is reported once, by the first of these rules that it breaks.
_ORDER = ("type", "category", "finite", "missing", "range")
_TEXT_ORDER = ("max_length", "key_length", "characters", "empty_key")
_RANKS = {rule: rank for rank, rule in enumerate((*_ORDER, *_TEXT_ORDER))}


class BatchCheck:
    """Checks batches whose rows are those of one body.

    Parameters
    ----------
    schema : RecordSchema
        What a record is.
    target : str, optional
        Name of the target, which a body must not have.
    """

    def __init__(self, schema: RecordSchema, target: str | None = None) -> None:
        self._schema, self._target = schema, target
        self._optional = frozenset(field.name for field in schema if field.nullable)

    def names(self, found: list[str]) -> Findings:
        """Return what is wrong with the columns of a body; nullable ones may be left out."""
        findings = Findings()
        wanted = self._schema.names
        for problem in check_columns(found, wanted, optional=self._optional, target=self._target):
            findings.add(problem)
        return findings

    def check(self, batch: pa.RecordBatch, offset: int = 0) -> tuple[pa.RecordBatch, Findings]:
        """Return a batch of the record schema, and what is wrong with its rows.

        Parameters
        ----------
        batch : pyarrow.RecordBatch
            Its columns are those that `names` finds nothing against.
        offset : int
            How many rows of the body came before.

        Returns
        -------
        tuple of pyarrow.RecordBatch and Findings
            The batch has the schema `crispml_core.tables.schema.arrow_schema`, but text columns
            that came with a dictionary keep it. A refused value is null in it.
        """
        import pyarrow as pa

        from crispml_core.tables.clean_arrays import accept_array
        from crispml_core.tables.schema import arrow_field

        findings, fields, columns = Findings(), [], []
        present = set(batch.schema.names)
        for field in self._schema:
            is_key = field.name == self._schema.record_key
            given = batch.column(field.name) if field.name in present else pa.nulls(len(batch))
            column = accept_array(given, field, is_key=is_key)
            if column is None:
                column = _look(given, field, is_key, offset, findings)
            fields.append(arrow_field(field).with_type(column.type))
            columns.append(column)
        return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields)), findings


def _look(given: pa.Array, field: Field, is_key: bool, offset: int, findings: Findings) -> pa.Array:
    """Return a column that could not be accepted as a whole, and note what is wrong with it."""
    import numpy as np
    import pyarrow as pa

    from crispml_core.tables.conform import conform_column

    look = _conform_entries if pa.types.is_dictionary(given.type) else conform_column
    column, broken = look(given, field, is_key)
    seen = np.zeros(len(given), dtype=bool)
    for rule, mask in sorted(broken, key=lambda entry: _RANKS[entry[0]]):
        rows = np.flatnonzero(mask & ~seen)
        seen |= mask
        if len(rows):
            findings.add_rows(code(rule), sentence(field, rule), field.name, rows + offset)
    return column


def _conform_entries(
    given: pa.DictionaryArray, field: Field, is_key: bool
) -> tuple[pa.Array, list[tuple[str, np.ndarray]]]:
    """Conform the entries of a dictionary: a long one that many rows name is there only once."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from crispml_core.tables.conform import conform_column

    entries, broken = conform_column(given.dictionary, field, is_key)
    known = given.indices.is_valid().to_numpy(zero_copy_only=False)
    codes = pc.fill_null(given.indices.cast(pa.int64()), 0).to_numpy()
    by_row = [] if known.all() or field.nullable else [("missing", ~known)]
    unfit = np.zeros(len(entries), dtype=bool)
    for rule, mask in broken:
        unfit |= mask
        if len(mask):
            by_row.append((rule, mask[codes] & known))
    # Only what is fit, because `take` reserves as much for each row as an entry has on average.
    fit = entries.filter(pa.array(~unfit))
    places = np.cumsum(~unfit) - 1
    lost = ~known if not len(unfit) else ~known | unfit[codes]
    rows = pa.array(places[codes] if len(unfit) else codes, mask=lost)
    if field.type in ("category", "string"):
        # Coded as it came, so that all batches of a body have one schema.
        return pa.DictionaryArray.from_arrays(rows.cast(pa.int32()), fit), by_row
    return fit.take(rows), by_row


def sliced(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield batches of at most `MAX_BATCH_ROWS` rows, without copying."""
    for batch in batches:
        for start in range(0, len(batch), MAX_BATCH_ROWS):
            yield batch.slice(start, MAX_BATCH_ROWS)
