"""What becomes of values before anything is stored: the same for one record and for columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.fields import Field
from crispml_core.domain.pseudonyms import SecretKey, SecretKeys, pseudonymiser
from crispml_core.domain.use_case import UseCase

Rule = Callable[[Any], Any]
"""From a value that is not missing to what is stored of it."""

Seal = Callable[[str, Sequence[Any]], list[str | None]]
"""From the name of a field and its values, one per record, to encrypted cells."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secret keys of a process, as far as it has them.

    Parameters
    ----------
    pseudonyms : SecretKeys, optional
        Makes pseudonyms.
    master : SecretKeys, optional
        Encrypts the keys of data subjects, and names them.
    """

    pseudonyms: SecretKeys | None = None
    master: SecretKeys | None = None

    def pseudonym_key(self, use_case: UseCase, field: Field) -> SecretKey:
        """Return the version of the key for the pseudonyms of a field.

        What is looked for, and what rows are joined by, keeps the first for ever.
        """
        if self.pseudonyms is None:
            raise InvalidInput(
                f"use case {use_case.name}: the field {field.name} is pseudonymised, and this "
                "process has no key for that: set CRISPML_PRIVACY__PSEUDONYM_KEY_FILE"
            )
        is_joined = field.name in (use_case.record_key, use_case.subject_field)
        return self.pseudonyms.first if is_joined else self.pseudonyms.newest


NO_SECRETS = Secrets()


def rule_of(use_case: UseCase, field: Field, secrets: Secrets) -> Rule | None:
    """Return what is done to each value of a field; None if it stays as it is, or is encrypted.

    Raises
    ------
    InvalidInput
        If it needs a key that the process has not.
    """
    if field.privacy == "pseudonymise":
        key = secrets.pseudonym_key(use_case, field)
        rule: Rule = pseudonymiser(key, use_case.name, field.name)
    elif field.generalise is not None:
        rule = field.generalise.rule(field.type, field.minimum)
    else:
        return None
    return _Table(rule, field.values).__getitem__ if field.type == "category" else rule


class _Table(dict[Any, Any]):
    """What the declared values of a category become, worked out once and not for each record."""

    def __init__(self, rule: Rule, values: Sequence[str]) -> None:
        super().__init__((value, rule(value)) for value in values)
        self._rule = rule

    def __missing__(self, value: Any) -> Any:
        return self._rule(value)


def key_rule(use_case: UseCase, secrets: Secrets) -> Rule | None:
    """Return what is stored in place of a record key, and asked for by it; None for the key itself.

    Raises
    ------
    InvalidInput
        If it needs a key that the process has not.
    """
    return rule_of(use_case, use_case.schema[use_case.record_key], secrets)


def changed(rule: Rule | None, values: Sequence[Any]) -> Sequence[Any]:
    """Return values after a rule; what is missing stays missing."""
    if rule is None:
        return values
    return [None if value is None else rule(value) for value in values]


def as_texts(values: Sequence[Any]) -> list[Any]:
    """Return values with dates and moments as text."""
    return [value.isoformat() if isinstance(value, date) else value for value in values]
