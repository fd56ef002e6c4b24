"""Method 2, DataPreparation: raw data become prepared data with a split.

In: raw batches in the record schema and the target. Out: the same rows with the derived fields and
the column ``crispml_split``. It learns nothing from the rows: what is learnt belongs to
DataCuration and sees ``train`` only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.domain.datasets import SPLITS, TRAIN
from crispml_core.domain.errors import InvalidInput, UseCaseError
from crispml_core.domain.expressions import Kind
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.privacy import private_columns
from crispml_core.tables.frames import arrow_type_of, to_batch, to_frame
from crispml_core.tables.preparation import prepare
from crispml_core.tables.schema import arrow_schema, private_column, split_field
from crispml_core.tables.split import assign_split

_ARROW = {Kind.NUMBER: pa.float64(), Kind.TEXT: pa.string(), Kind.TRUTH: pa.bool_()}


class DataPreparation:
    """Derives fields row by row and assigns each row to ``train``, ``select`` or ``test``."""

    def __init__(self, use_case: UseCase) -> None:
        self._use_case = use_case
        self._fields = (*use_case.fields, use_case.target.field)

    def run(self, batches: Iterable[pa.RecordBatch], *, seed: int) -> Iterator[pa.RecordBatch]:
        """Yield the prepared rows; every batch has the schema of the first.

        Parameters
        ----------
        batches : iterable of pyarrow.RecordBatch
            Raw data.
        seed : int
            Decides the split, together with the record key.

        Raises
        ------
        UseCaseError
            If the preparation of the use case fails, or gives columns of other types for later rows
            than for the first.
        InvalidInput
            If a split gets no rows, or ``train`` lacks a class; nothing that was yielded is good
            then.
        """
        schema: pa.Schema | None = None
        sizes: Counter[str] = Counter()
        classes: set[str] = set()
        for batch in batches:
            prepared = prepare(self._use_case, to_frame(batch, self._fields))
            if schema is None:
                schema = self._schema(prepared)
            split = assign_split(
                batch.column(self._use_case.record_key), seed, self._use_case.split
            )
            result = self._batch(prepared, schema)
            sizes.update(split.to_pylist())
            classes.update(self._train_classes(batch, split))
            yield result.append_column(split_field(), split)
        self._check_split(sizes, classes)

    def _schema(self, prepared: pd.DataFrame) -> pa.Schema:
        """Return the declared types, and for other columns those of expression or dtype."""
        declared = {column.name: column for column in arrow_schema(self._fields)}
        for step in self._use_case.derived:
            declared[step.name] = pa.field(step.name, _ARROW[self._use_case.kinds[step.name]])
        private = private_columns(self._use_case, prepared.columns)
        try:
            columns = [
                declared.get(name) or pa.field(name, arrow_type_of(prepared[name]))
                for name in prepared.columns
            ]
            return pa.schema(
                [private_column(each) if each.name in private else each for each in columns]
            )
        except ValueError as error:
            raise UseCaseError(self._use_case.name, "prepare", str(error)) from error

    def _batch(self, prepared: pd.DataFrame, schema: pa.Schema) -> pa.RecordBatch:
        if list(prepared.columns) != schema.names:
            reason = "returns other columns for later rows than for the first"
            raise UseCaseError(self._use_case.name, "prepare", reason)
        try:
            return to_batch(prepared, schema)
        except ValueError as error:
            raise UseCaseError(self._use_case.name, "prepare", str(error)) from error

    def _train_classes(self, batch: pa.RecordBatch, split: pa.Array) -> list[str]:
        target = self._use_case.target
        if not target.is_classification:
            return []
        truth = batch.column(target.name).filter(pc.equal(split, TRAIN))
        found: list[str] = pc.unique(truth).to_pylist()
        return found

    def _check_split(self, sizes: Counter[str], classes: set[str]) -> None:
        advice = "ingest more rows, or change the seed or the shares of the split"
        for split in SPLITS:
            if not sizes[split]:
                raise InvalidInput(f"the split {split} got no rows; {advice}")
        lacking = [name for name in self._use_case.target.values if name not in classes]
        if lacking:
            raise InvalidInput(
                f"the split {TRAIN} has no row of the class {', '.join(lacking)}; {advice}"
            )
