"""Method 2, DataPreparation: raw data become prepared data with a split.

In: raw batches in the record schema and the target. Out: the same rows with the derived fields and
the column ``crispml_split``. It learns nothing from the rows: what is learnt belongs to
DataCuration and sees ``train`` only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crispml_core.domain.datasets import SPLIT_COLUMN, SPLITS, TRAIN
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

    def run(
        self,
        batches: Iterable[pa.RecordBatch],
        *,
        seed: int,
        elsewhere: Callable[[pa.Schema], Iterable[pa.RecordBatch]] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Yield the prepared rows; every batch has the schema of the first.

        Parameters
        ----------
        batches : iterable of pyarrow.RecordBatch
            Raw data.
        seed : int
            Decides the split, together with the record key.
        elsewhere : callable, optional
            Gives all of the prepared rows in order, by `PreparedRows` of the schema that the first
            batch has; of `batches` only this one is read then.

        Raises
        ------
        UseCaseError
            If the preparation of the use case fails, or gives columns of other types for later rows
            than for the first.
        InvalidInput
            If a split gets no rows, or ``train`` lacks a class; nothing that was yielded is good
            then.
        """
        sizes: Counter[str] = Counter()
        classes: set[str] = set()
        for batch in self._prepared(iter(batches), seed, elsewhere):
            sizes.update(batch.column(SPLIT_COLUMN).to_pylist())
            classes.update(self._train_classes(batch))
            yield batch
        self._check_split(sizes, classes)

    def _prepared(
        self,
        batches: Iterator[pa.RecordBatch],
        seed: int,
        elsewhere: Callable[[pa.Schema], Iterable[pa.RecordBatch]] | None,
    ) -> Iterator[pa.RecordBatch]:
        first = next(batches, None)
        if first is None:
            return
        frame = prepare(self._use_case, to_frame(first, self._fields))
        schema = self._schema(frame)
        if elsewhere is not None:
            yield from elsewhere(schema)
            return
        rows = PreparedRows(self._use_case, seed, schema)
        yield rows.finished(first, frame)
        yield from map(rows, batches)

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

    def _train_classes(self, batch: pa.RecordBatch) -> list[str]:
        target = self._use_case.target
        if not target.is_classification:
            return []
        is_train = pc.equal(batch.column(SPLIT_COLUMN), TRAIN)
        truth = batch.column(target.name).filter(is_train)
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


class PreparedRows:
    """Prepares batches, each on its own.

    Parameters
    ----------
    use_case : UseCase
        Declares the preparation.
    seed : int
        Decides the split, together with the record key.
    schema : pyarrow.Schema
        Of every prepared batch, without the split.
    """

    def __init__(self, use_case: UseCase, seed: int, schema: pa.Schema) -> None:
        self._use_case, self._seed, self._schema = use_case, seed, schema
        self._fields = (*use_case.fields, use_case.target.field)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the prepared rows with their split; see `DataPreparation.run` for the errors."""
        return self.finished(batch, prepare(self._use_case, to_frame(batch, self._fields)))

    def finished(self, batch: pa.RecordBatch, prepared: pd.DataFrame) -> pa.RecordBatch:
        """Return what the use case made of a batch, in the types of the schema and with a split."""
        if list(prepared.columns) != self._schema.names:
            reason = "returns other columns for later rows than for the first"
            raise UseCaseError(self._use_case.name, "prepare", reason)
        try:
            result = to_batch(prepared, self._schema)
        except ValueError as error:
            raise UseCaseError(self._use_case.name, "prepare", str(error)) from error
        keys = batch.column(self._use_case.record_key)
        split = assign_split(keys, self._seed, self._use_case.split)
        return result.append_column(split_field(), split)
