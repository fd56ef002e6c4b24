"""Records as columns, with what their privacy policies let through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pyarrow as pa

from crispml_core.domain.fields import Field
from crispml_core.domain.privacy import Rule, Seal, Secrets, rule_of
from crispml_core.domain.subjects import Hidden
from crispml_core.domain.use_case import UseCase
from crispml_core.tables.schema import TYPE_KEY, arrow_field
from crispml_core.tables.seen_columns import changed_codes, changed_column

Columns = TypeVar("Columns", pa.RecordBatch, pa.Table)


class PrivateColumns:
    """Applies the privacy policies of a use case to columns.

    To the same effect as `crispml_core.serving.private_records` has on tuples: the same rules, each
    asked once for each different value.

    Parameters
    ----------
    use_case : UseCase
        Whose records they are.
    secrets : Secrets
        The keys that its policies need.
    keep_codes : bool
        Whether a category that came as codes stays codes: what is stored of a value then is there
        once, and not in each row.

    Raises
    ------
    InvalidInput
        If the process has not the key for a pseudonym.
    """

    def __init__(self, use_case: UseCase, secrets: Secrets, *, keep_codes: bool = False) -> None:
        self._steps = {
            field.name: _step(use_case, field, secrets, keep_codes) for field in use_case.schema
        }

    def apply(self, columns: Columns, seal: Seal | None = None) -> Columns:
        """Return columns as they may be stored, in their order.

        Parameters
        ----------
        columns : pyarrow.RecordBatch or pyarrow.Table
            Some or all fields of records, in the types of the record schema. Columns that are no
            field, like the target, stay as they are.
        seal : callable, optional
            Encrypts the values of a field, one per record. Without it, what is to be encrypted is
            withheld: the column has the marker for that in each row that had a value.
        """
        fields, arrays = [], []
        for declared, column in zip(columns.schema, columns.columns, strict=True):
            step = self._steps.get(declared.name, _as_it_is)
            found = step(declared, column, seal)
            if found is not None:
                fields.append(found[0])
                arrays.append(found[1])
        schema = pa.schema(fields, columns.schema.metadata)
        if not fields:
            return columns.select([])
        return type(columns).from_arrays(arrays, schema=schema)


def with_rule(columns: pa.RecordBatch, name: str, rule: Rule) -> pa.RecordBatch:
    """Return columns with a rule applied to the texts of one of them."""
    place = columns.schema.names.index(name)
    values = changed_column(rule, columns.column(place), pa.string())
    return columns.set_column(place, columns.schema.field(place), values)


_Found = tuple[pa.Field, Any]
_Step = Callable[[pa.Field, Any, Seal | None], _Found | None]
_TEXT = {TYPE_KEY: b"string"}


def _step(use_case: UseCase, field: Field, secrets: Secrets, keep_codes: bool) -> _Step:
    if field.privacy == "drop":
        return lambda declared, column, seal: None
    if field.privacy == "encrypt":
        return _sealed
    rule = rule_of(use_case, field, secrets)
    if rule is None:
        return _as_it_is
    is_text = field.stored_type != field.type
    stored = pa.field(field.name, pa.string(), metadata=_TEXT) if is_text else arrow_field(field)
    # Of a text there may be more entries than rows.
    keeps = keep_codes and field.type == "category"

    def change(declared: pa.Field, column: Any, seal: Seal | None) -> _Found:
        if keeps and pa.types.is_dictionary(column.type):
            values = changed_codes(rule, column, stored.type)
            return stored.with_type(values.type), values
        return stored, changed_column(rule, column, stored.type)

    return change


def _as_it_is(declared: pa.Field, column: Any, seal: Seal | None) -> _Found:
    return declared, column


def _sealed(declared: pa.Field, column: Any, seal: Seal | None) -> _Found:
    stored = pa.field(declared.name, pa.string(), metadata=_TEXT)
    values = column.to_pylist()
    cells = withheld(values) if seal is None else seal(declared.name, values)
    return stored, pa.array(cells, pa.string())


def withheld(values: Sequence[Any]) -> list[str | None]:
    """Return the marker of a value that is not stored, for each that is not missing."""
    return [None if value is None else Hidden.WITHHELD.value for value in values]
