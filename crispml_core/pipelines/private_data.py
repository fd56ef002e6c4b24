"""Data sets of a use case whose privacy policies hold for training data too.

What is stored of a record is decided when it is read from the source, before anything reaches the
volume. What models see is opened in memory, while a run works on it; rows of erased persons are
left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import Any

import pyarrow as pa

from crispml_core.domain.datasets import SUBJECT_COLUMN
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.seen import RowView
from crispml_core.domain.subjects import Hidden
from crispml_core.domain.use_case import UseCase
from crispml_core.pipelines.sealed_columns import (
    cells_of,
    is_sealed,
    open_columns,
    seal_columns,
    sealed_field,
)
from crispml_core.serving.privacy import Privacy
from crispml_core.serving.stable_cells import StableKey, stable_cipher
from crispml_core.serving.subject_vault import SubjectVault
from crispml_core.tables.columns import evaluate
from crispml_core.tables.frames import to_frame
from crispml_core.tables.private_columns import PrivateColumns
from crispml_core.tables.schema import TYPE_KEY, arrow_field
from crispml_core.tables.seen_columns import seen_columns

NAMED_KEY = b"crispml_pseudonym"
"""In the metadata of a column of pseudonyms."""


class PrivateData:
    """Applies the policies of a use case to its data sets, as far as they hold for them.

    Parameters
    ----------
    use_case : UseCase
        As it is declared for this environment.
    privacy : Privacy
        The keys of the process.

    Attributes
    ----------
    erased : int
        Rows that were left out so far, because their persons are erased.
    """

    def __init__(self, use_case: UseCase, privacy: Privacy) -> None:
        self._declared, self._seen, self._privacy = use_case, use_case.seen, privacy
        self._is_masked = use_case.privacy.training
        self._has_subjects = self._is_masked and use_case.has_subjects
        if self._has_subjects and privacy.vault is None:
            raise InvalidInput(
                f"use case {use_case.name} has data subjects with keys of their own: set "
                "CRISPML_PRIVACY__MASTER_KEY_FILE to a file made by `crispml privacy new-key`"
            )
        self.erased = 0

    # What comes from the source.

    def in_pool(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the rows that this environment may see, whatever the source did of the filter."""
        pool = self._declared.pool
        fields = (*self._declared.fields, self._declared.target.field)
        for batch in batches:
            if pool is not None:
                allowed = evaluate(pool, to_frame(batch, fields))
                batch = batch.filter(pa.array(allowed == 1))
            if batch.num_rows:
                yield batch

    def hidden(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return raw rows as they may be stored, with the ids of their data subjects.

        Rows of persons who are erased are left out.

        Raises
        ------
        NotReady
            If a value is to be encrypted and the keys cannot be asked for.
        """
        if not self._is_masked:
            return batch
        ids: list[str | None] = []
        keys: list[StableKey] = []
        if self._has_subjects:
            vault = self._vault
            vault.look()  # who was erased since the last rows is not to be stored again
            subjects = batch.column(self._declared.subject_field).to_pylist()
            ids = [None if subject is None else vault.identify(subject) for subject in subjects]
            batch, ids, keys = self._alive(batch, ids, vault.to_write(ids, make=stable_cipher))

        def seal(column: str, values: Sequence[Any]) -> list[str | None]:
            return cells_of(self._declared.name, column, values, ids, keys)

        stored = PrivateColumns(self._declared, self._privacy.secrets).apply(batch, seal)
        fields = [self._marked(field) for field in stored.schema]
        stored = pa.RecordBatch.from_arrays(stored.columns, schema=pa.schema(fields))
        if not self._has_subjects:
            return stored
        return stored.append_column(subject_field(), pa.array(ids, pa.string()))

    def _marked(self, field: pa.Field) -> pa.Field:
        """Say in the schema what was done to a column, so that nobody takes it for clear."""
        schema = self._declared.schema
        policy = schema[field.name].privacy if field.name in schema else "keep"
        if policy == "encrypt":
            return sealed_field(field, arrow_field(schema[field.name]).type)
        if policy == "pseudonymise":
            return field.with_metadata({**(field.metadata or {}), NAMED_KEY: b"yes"})
        return field

    @property
    def _vault(self) -> SubjectVault:
        vault = self._privacy.vault
        assert vault is not None, "seen to at the beginning"
        return vault

    # What is stored.

    def opened(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a data set as models see them, without those of erased persons."""
        for batch in batches:
            yield self.open(batch)

    def open(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return rows of a data set with the values of encrypted columns; see `opened`.

        Raises
        ------
        RegistryDamaged
            If a value was altered.
        """
        if not self._has_subjects:
            return batch
        batch, ids, keys = self._readable(batch)
        return open_columns(self._declared.name, batch, self._seen.schema, ids, keys)

    def _readable(
        self, batch: pa.RecordBatch
    ) -> tuple[pa.RecordBatch, list[str | None], list[StableKey]]:
        """Return the rows of persons whose keys live, with the ids and the keys."""
        ids = batch.column(SUBJECT_COLUMN).to_pylist()
        distinct = [key_id for key_id in dict.fromkeys(ids) if key_id is not None]
        keys = self._vault.to_read(distinct, make=stable_cipher)
        found: dict[str | None, StableKey] = {None: Hidden.WITHHELD}
        found.update(zip(distinct, keys, strict=True))
        return self._alive(batch, ids, [found[key_id] for key_id in ids])

    def _alive(
        self, batch: pa.RecordBatch, ids: list[str | None], keys: list[StableKey]
    ) -> tuple[pa.RecordBatch, list[str | None], list[StableKey]]:
        if Hidden.ERASED not in keys:
            return batch, ids, keys
        kept = [key is not Hidden.ERASED for key in keys]
        self.erased += len(kept) - sum(kept)
        return batch.filter(pa.array(kept)), list(compress(ids, kept)), list(compress(keys, kept))

    def records(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield raw data as models see them: fields of the schema they see, and the target.

        Raises
        ------
        InvalidInput
            If the data were read before the policies held that hold now.
        """
        if not self._is_masked:
            yield from batches
            return
        schema = self._seen.schema
        view = RowView(schema, schema)
        others = [self._seen.target.name, *([SUBJECT_COLUMN] if self._has_subjects else [])]
        for stored in batches:
            self._check_hidden(stored.schema)
            batch = self.open(stored)
            # What was read before may be finer than the policies of today.
            seen = seen_columns(view, batch)
            for name in others:
                seen = seen.append_column(batch.schema.field(name), batch.column(name))
            yield seen

    def _check_hidden(self, schema: pa.Schema) -> None:
        names = set(schema.names)
        clear = [
            field.name
            for field in self._seen.schema
            if field.name not in names
            or (field.privacy == "encrypt") != is_sealed(schema.field(field.name))
            or (field.privacy == "pseudonymise") != _is_named(schema.field(field.name))
        ]
        if self._has_subjects and SUBJECT_COLUMN not in names:
            clear.append(SUBJECT_COLUMN)
        if clear:
            raise InvalidInput(
                "dataset_id was ingested under other privacy policies than those that hold now "
                f"(they differ in {', '.join(clear)}); ingest the data again"
            )

    # What is made of it.

    def sealed(self, batch: pa.RecordBatch, columns: Iterable[str]) -> pa.RecordBatch:
        """Return rows with some columns encrypted; they have the ids of their data subjects."""
        wanted = set(columns) if self._has_subjects else set()
        if not wanted:
            return batch
        batch, ids, keys = self._readable(batch)
        return seal_columns(self._declared.name, batch, wanted, ids, keys)

    @property
    def needs_keys(self) -> bool:
        """Whether its data sets can be read and written only with the keys of data subjects."""
        return self._has_subjects

    @property
    def is_sealed(self) -> bool:
        """Whether any column of its data sets is encrypted."""
        return self._has_subjects and any(f.privacy == "encrypt" for f in self._seen.fields)

    def personal(self, names: Iterable[str]) -> list[str]:
        """Return the prepared columns that hold, or come from, encrypted fields."""
        if not self.is_sealed:
            return []
        seen = self._seen
        private = {field.name for field in seen.fields if field.privacy == "encrypt"}
        for step in seen.derived:
            if private.intersection(step.expression.fields()):
                private.add(step.name)
        if callable(seen.prepare):  # what a function looks at, nobody sees
            private.update(set(names) - {*seen.schema.names, seen.target.name})
        return [name for name in names if name in private]


def subject_field() -> pa.Field:
    """Return the Arrow field of the ids of data subjects."""
    return pa.field(SUBJECT_COLUMN, pa.string(), metadata={TYPE_KEY: b"string"})


def _is_named(field: pa.Field) -> bool:
    return NAMED_KEY in (field.metadata or {})
