"""The record schema: the one source of validation, API examples, privacy filters and monitors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from crispml_core.domain.bounds import check_bounds
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.generalisation import Generalise
from crispml_core.domain.identifiers import check_field_name

FieldType = Literal["integer", "number", "string", "category", "boolean", "date", "datetime"]
PrivacyPolicy = Literal["keep", "drop", "pseudonymise", "generalise", "encrypt"]
Value = str | int | float | bool | date | datetime | None

# Identifiers can be replaced by names; of numbers and truth values a name says nothing.
_NAMEABLE = ("string", "integer", "category", "date")

MAX_KEY_LENGTH = 255
"""Longest record key, whatever `Field.max_length` says: the stores index it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record.

    Parameters
    ----------
    name : str
        Column name; letters, digits and underscores, at most 63 characters.
    type : {"integer", "number", "string", "category", "boolean", "date", "datetime"}
        ``category`` is a string out of `values`; ``string`` is free text or a key.
    description : str
        One sentence for the reader of the API.
    minimum, maximum : float, optional
        Inclusive range of an ``integer`` or ``number``.
    values : tuple of str
        The allowed values of a ``category``.
    nullable : bool
        Whether the value may be missing.
    max_length : int
        Longest ``string`` that is accepted.
    privacy : {"keep", "drop", "pseudonymise", "generalise", "encrypt"}
        What is stored of the value: the value itself, nothing, a pseudonym, a coarser value, or
        the value encrypted with the key of its data subject.
    generalise : Generalise, optional
        How the value becomes coarser, with the policy of that name.
    """

    name: str
    type: FieldType
    description: str = ""
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] = ()
    nullable: bool = False
    max_length: int = 1000
    privacy: PrivacyPolicy = "keep"
    generalise: Generalise | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        check_field_name(self.name, "field name")
        if self.type not in get_args(FieldType):
            raise InvalidInput(
                f"field {self.name}: type must be one of {', '.join(get_args(FieldType))}"
            )
        if self.privacy not in get_args(PrivacyPolicy):
            raise InvalidInput(
                f"field {self.name}: privacy must be one of {', '.join(get_args(PrivacyPolicy))}"
            )
        if (self.type == "category") != bool(self.values):
            raise InvalidInput(
                f"field {self.name}: values belong to the type category, and a category needs them"
            )
        check_values(f"field {self.name}", self.values)
        if self.type not in ("integer", "number") and (
            self.minimum is not None or self.maximum is not None
        ):
            raise InvalidInput(
                f"field {self.name}: minimum and maximum belong to integer and number"
            )
        check_bounds(f"field {self.name}", self.minimum, self.maximum)
        self._check_privacy()

    def _check_privacy(self) -> None:
        what = f"field {self.name}"
        if (self.privacy == "generalise") != (self.generalise is not None):
            raise InvalidInput(
                f"{what}: the policy generalise and its parameters (generalise) belong together"
            )
        if self.generalise is not None:
            rules = {"values": self.values, "minimum": self.minimum, "maximum": self.maximum}
            self.generalise.check(what, self.type, **rules)  # type: ignore[arg-type]
        if self.privacy == "pseudonymise" and self.type not in _NAMEABLE:
            raise InvalidInput(
                f"{what}: only identifiers can be pseudonymised ({', '.join(_NAMEABLE)}); "
                "generalise, drop or encrypt it"
            )

    @property
    def is_clear(self) -> bool:
        """Whether the value itself may be stored and shown."""
        return self.privacy == "keep"

    @property
    def stored_type(self) -> FieldType | None:
        """Type of what is stored of the value; None if nothing is."""
        if self.privacy == "drop":
            return None
        return "string" if self.privacy in ("pseudonymise", "encrypt") else self.type

    @property
    def is_numeric(self) -> bool:
        """Whether the field is an integer or a number."""
        return self.type in ("integer", "number")


@dataclass(frozen=True, slots=True)
class RecordSchema:
    """The fields of a record, in order, with the record key among them."""

    fields: tuple[Field, ...]
    record_key: str

    def __post_init__(self) -> None:
        names = [field.name for field in self.fields]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InvalidInput(f"fields declared twice: {', '.join(twice)}")
        if self.record_key not in names:
            raise InvalidInput(f"record_key {self.record_key!r} is not among the fields")
        key = self[self.record_key]
        if key.type not in ("string", "integer") or key.nullable:
            raise InvalidInput(
                f"record_key {self.record_key!r} must be a string or an integer "
                "that is not nullable"
            )
        if key.privacy not in ("keep", "pseudonymise"):
            raise InvalidInput(
                f"record_key {self.record_key!r} can be kept or pseudonymised only: scores and "
                "labels are found by it"
            )

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __getitem__(self, name: str) -> Field:
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(field.name == name for field in self.fields)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all fields, in order."""
        return tuple(field.name for field in self.fields)

    @property
    def stored(self) -> tuple[str, ...]:
        """Names of the fields of which something is stored with a score."""
        return tuple(field.name for field in self.fields if field.privacy != "drop")

    @property
    def clear(self) -> tuple[str, ...]:
        """Names of the fields that are stored as they are."""
        return tuple(field.name for field in self.fields if field.is_clear)


def check_values(what: str, values: tuple[str, ...]) -> None:
    """Raise `InvalidInput` about `what` unless the allowed values are different texts."""
    if not all(isinstance(value, str) for value in values):
        raise InvalidInput(f"{what}: values are texts; write '1' for the number 1")
    if len(set(values)) != len(values):
        raise InvalidInput(f"{what}: a value is listed twice")
