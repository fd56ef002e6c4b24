"""What is stored of scored records, by the privacy policies of their use case.

The one place between the version that answers and everything that is stored: the database, the
journal, and what reads them. Whoever answers has seen the records as they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

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
from crispml_core.domain.scores import ScoreRows
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.privacy import private_columns
from crispml_core.serving.private_rows import row_maker
from crispml_core.serving.sealed_cells import Key, sealed
from crispml_core.serving.subject_vault import SubjectVault

if TYPE_CHECKING:
    import pyarrow as pa

    from crispml_core.tables.private_columns import PrivateColumns

_Subjects: TypeAlias = "list[str | None] | None"


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
        # Where a field is, its name, its rule, and whether it is encrypted or becomes text.
        self._steps = [
            (
                place,
                field.name,
                rule_of(use_case, field, secrets),
                field.privacy == "encrypt",
                field.stored_type in ("date", "datetime"),
            )
            for place, field in enumerate(schema)
            if field.privacy != "drop"
        ]
        self._unsaid = private_columns(use_case)
        self._has_subjects = use_case.has_subjects
        self._row = row_maker([(place, rule, time) for place, _, rule, _, time in self._steps])

    def keys(self, record_keys: Sequence[str]) -> list[str]:
        """Return what is stored in place of record keys."""
        return list(changed(self._key_rule, record_keys))

    def clear_keys(self, stored: Sequence[str], records: Any) -> list[str]:
        """Return stored record keys as they came with `records`, which hold them all."""
        if self._key_rule is None:
            return list(stored)
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

    def kept(self, scores: ScoreRows, records: Any, *, wait: bool = True) -> tuple[ScoreRows, Any]:
        """Return what is stored of scores and of their records.

        Parameters
        ----------
        scores : ScoreRows
            With the record keys as they came.
        records : list of tuple, or pyarrow.RecordBatch
            In the order of the record schema; or empty tuples, of which nothing is stored.
        wait : bool
            Whether a key of a data subject may be asked for.

        Returns
        -------
        scores : ScoreRows
            With the pseudonyms of the record keys, if that is their policy, with the keys of the
            data subjects, and without the reasons of private fields.
        inputs : list of tuple, or pyarrow.RecordBatch
            The stored fields; in tuples dates and moments are text.

        Raises
        ------
        WouldWait
            If a key of a data subject has to be asked for, and `wait` is false.
        """
        inputs, subjects = records, None
        if isinstance(records, list):
            if records and records[0]:
                inputs, subjects = self._rows(records, wait)
        else:
            inputs, subjects = self._columns(records, wait)
        details = scores.details
        if self._key_rule is None and details is None and subjects is None:
            return scores, inputs
        kept = ScoreRows(
            record_keys=self._stored_keys(scores.record_keys, inputs),
            predictions=scores.predictions,
            probabilities=scores.probabilities,
            segments=scores.segments,
            request_ids=scores.request_ids,
            by_class=scores.by_class,
            details=None if details is None else [self._said(text) for text in details],
            subject_key_ids=subjects,
        )
        return kept, inputs

    def _stored_keys(self, record_keys: list[str], inputs: Any) -> list[str]:
        """Return what is stored in place of record keys; the inputs have it already."""
        if self._key_rule is None:
            return record_keys
        if not isinstance(inputs, list):
            found: list[str] = inputs.column(self._use_case.record_key).to_pylist()
            return found
        place = self._use_case.schema.stored.index(self._use_case.record_key)
        return [row[place] for row in inputs] if inputs and inputs[0] else self.keys(record_keys)

    def _said(self, details: str | None) -> str | None:
        """Return what is stored of reasons: those of private fields tell their values."""
        if details is None:
            return None
        found = msgspec.json.decode(details)
        if isinstance(explanation := found.get("explanation"), dict):
            explanation["reasons"] = [
                reason for reason in explanation["reasons"] if reason["field"] not in self._unsaid
            ]
        return msgspec.json.encode(found).decode()

    def _rows(self, records: list[tuple[Any, ...]], wait: bool) -> tuple[list[Any], _Subjects]:
        if not self._has_subjects:
            return list(map(self._row, records)), None
        columns = list(zip(*records, strict=True))
        key_ids, ciphers = self._keys_of(columns[self._subject], wait)
        name = self._use_case.name
        kept: list[Sequence[Any]] = []
        for place, field, rule, is_sealed, is_time in self._steps:
            values: Sequence[Any] = columns[place]
            if is_sealed:
                values = sealed(name, field, values, key_ids or (), ciphers)
            elif rule is not None:
                values = changed(rule, values)
            kept.append(as_texts(values) if is_time else values)
        return list(zip(*kept, strict=True)) if kept else [()] * len(records), key_ids

    def _columns(self, batch: pa.RecordBatch, wait: bool) -> tuple[pa.RecordBatch, _Subjects]:
        subjects = batch.column(self._subject).to_pylist() if self._vault is not None else ()
        key_ids, ciphers = self._keys_of(subjects, wait)
        name = self._use_case.name

        def seal(field: str, values: Sequence[Any]) -> list[str | None]:
            return sealed(name, field, values, key_ids or (), ciphers)

        return self._of_columns(batch, seal), key_ids

    def _of_columns(self, batch: pa.RecordBatch, seal: Seal) -> pa.RecordBatch:
        return self._as_columns.apply(batch, seal)

    @cached_property
    def _as_columns(self) -> PrivateColumns:
        # It loads pyarrow, which single records do without.
        from crispml_core.tables.private_columns import PrivateColumns

        return PrivateColumns(self._use_case, self._secrets, keep_codes=True)

    def _keys_of(self, subjects: Sequence[Any], wait: bool) -> tuple[_Subjects, list[Key]]:
        if self._vault is None or not self._has_subjects:
            return None, []
        identify = self._vault.identify
        key_ids = [None if subject is None else identify(subject) for subject in subjects]
        return key_ids, self._vault.to_write(key_ids, wait=wait)
