"""What is stored of scored records, by the privacy policies of their use case.

The one place between the version that answers and everything that is stored: the database, the
journal, and what reads them. Whoever answers has seen the records as they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.privacy import (
    NO_SECRETS,
    Seal,
    Secrets,
    as_texts,
    changed,
    key_rule,
    rule_of,
)
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.privacy import is_private
from crispml_core.serving.sealed_cells import Key, sealed
from crispml_core.serving.subject_vault import SubjectVault

if TYPE_CHECKING:
    import pyarrow as pa


class Kept(NamedTuple):
    """What is stored of records.

    Parameters
    ----------
    record_keys : list of str
        Their keys, or the pseudonyms of these.
    inputs : list of tuple, or pyarrow.RecordBatch
        The stored fields; in tuples dates and moments are text.
    subject_key_ids : list of str or None, or None
        The keys of their data subjects; None when there are none.
    """

    record_keys: list[str]
    inputs: Any
    subject_key_ids: list[str | None] | None


class PrivateRecords:
    """Applies the privacy policies of a use case to records: as tuples, or as columns.

    Parameters
    ----------
    use_case : UseCase
        Whose records they are.
    secrets : Secrets
        The keys of the process.
    vault : SubjectVault, optional
        The keys of data subjects.

    Raises
    ------
    InvalidInput
        If a policy needs a key that the process has not.
    """

    def __init__(
        self, use_case: UseCase, secrets: Secrets = NO_SECRETS, vault: SubjectVault | None = None
    ) -> None:
        if use_case.has_subjects and vault is None:
            raise InvalidInput(
                f"use case {use_case.name} has data subjects with keys of their own, and this "
                "process has no key for that: set CRISPML_PRIVACY__MASTER_KEY_FILE"
            )
        self._use_case, self._secrets, self._vault = use_case, secrets, vault
        self._key_rule = key_rule(use_case, secrets)
        schema = use_case.schema
        self._subject = schema.names.index(use_case.subject_field)
        self._steps = [
            (place, field.name, rule_of(use_case, field, secrets), field.privacy == "encrypt")
            for place, field in enumerate(schema)
            if field.privacy != "drop"
        ]
        self._texts = any(field.type in ("date", "datetime") for field in schema)

    def keys(self, record_keys: Sequence[str]) -> list[str]:
        """Return what is stored in place of record keys."""
        return list(changed(self._key_rule, record_keys))

    def clear_keys(self, stored: Sequence[str], records: Any) -> list[str]:
        """Return stored record keys as they came with `records`, which hold them all."""
        schema = self._use_case.schema
        place = schema.names.index(schema.record_key)
        given = (
            [record[place] for record in records]
            if isinstance(records, Sequence)
            else records.column(place).to_pylist()
        )
        texts = list(map(str, given))
        came = dict(zip(self.keys(texts), texts, strict=True))
        return [came.get(key, key) for key in stored]

    def rows(
        self, records: Sequence[tuple[Any, ...]], record_keys: list[str], *, wait: bool = True
    ) -> Kept:
        """Return what is stored of records as tuples, in the order of the record schema.

        Raises
        ------
        WouldWait
            If a key of a data subject has to be asked for, and `wait` is false.
        """
        if not records:
            return Kept(self.keys(record_keys), [], None)
        columns = list(zip(*records, strict=True))
        key_ids, ciphers = self._subjects(columns[self._subject], wait)
        name = self._use_case.name
        kept: list[Sequence[Any]] = []
        for place, field, rule, is_sealed in self._steps:
            values: Sequence[Any] = columns[place]
            if is_sealed:
                values = sealed(name, field, values, key_ids or (), ciphers)
            else:
                values = changed(rule, values)
            kept.append(as_texts(values) if self._texts else values)
        inputs = list(zip(*kept, strict=True)) if kept else [()] * len(records)
        return Kept(self.keys(record_keys), inputs, key_ids)

    def columns(self, batch: pa.RecordBatch, record_keys: list[str]) -> Kept:
        """Return what is stored of records as columns, in the order of the record schema."""
        subjects = batch.column(self._subject).to_pylist() if self._vault is not None else ()
        key_ids, ciphers = self._subjects(subjects, wait=True)
        name = self._use_case.name

        def seal(field: str, values: Sequence[Any]) -> list[str | None]:
            return sealed(name, field, values, key_ids or (), ciphers)

        return Kept(self.keys(record_keys), self._of_columns(batch, seal), key_ids)

    def _of_columns(self, batch: pa.RecordBatch, seal: Seal) -> pa.RecordBatch:
        # It loads pyarrow, which single records do without.
        from crispml_core.tables.private_columns import PrivateColumns

        return PrivateColumns(self._use_case, self._secrets).apply(batch, seal)

    def _subjects(
        self, subjects: Sequence[Any], wait: bool
    ) -> tuple[list[str | None] | None, list[Key]]:
        if self._vault is None or not self._use_case.has_subjects:
            return None, []
        identify = self._vault.identify
        key_ids = [None if subject is None else identify(subject) for subject in subjects]
        return key_ids, self._vault.to_write(key_ids, wait=wait)


class Privacy:
    """What a process needs to apply the policies of all of its use cases.

    Parameters
    ----------
    secrets : Secrets
        Its keys.
    vault : SubjectVault, optional
        The keys of data subjects.
    """

    def __init__(self, secrets: Secrets = NO_SECRETS, vault: SubjectVault | None = None) -> None:
        self.secrets, self.vault = secrets, vault

    def of(self, use_case: UseCase) -> PrivateRecords | None:
        """Return what applies the policies of a use case; None if all is stored as it came.

        Raises
        ------
        InvalidInput
            If a policy needs a key that the process has not.
        """
        return PrivateRecords(use_case, self.secrets, self.vault) if is_private(use_case) else None
