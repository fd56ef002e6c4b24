"""What of the data pool an environment may see: which rows, and how much of their fields.

All environments have one definition of a use case, and so one digest. Each takes its own part of
it: dev and qa may learn from rows and values that say less than those of prod.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, get_args

from crispml_core.domain.errors import InvalidInput, did_you_mean
from crispml_core.domain.expressions import Expression, Kind, parse
from crispml_core.domain.fields import Field, PrivacyPolicy
from crispml_core.domain.generalisation import Generalise

EnvironmentName = Literal["dev", "qa", "prod"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPolicy:
    """The privacy policy of a field in one environment, in place of the field's own."""

    field: str
    privacy: PrivacyPolicy
    generalise: Generalise | None = None


@dataclass(frozen=True, kw_only=True)
class EnvironmentData:
    """What one environment may see of the data pool.

    Parameters
    ----------
    name : {"dev", "qa", "prod"}
        The environment.
    where : str, optional
        The rows that it may see, as an expression that reads fields and the target: the values as
        they are in the pool.
    fields : tuple of FieldPolicy
        Policies that replace those of fields. With one of them, the policies of all fields hold for
        data sets there, as with `DataSetPrivacy.training`.
    """

    name: EnvironmentName
    where: str | None = None
    fields: tuple[FieldPolicy, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", tuple(self.fields))
        if self.name not in get_args(EnvironmentName):
            raise InvalidInput(
                f"environments: name must be one of {', '.join(get_args(EnvironmentName))}"
            )
        if not isinstance(self.where, str | None):
            raise InvalidInput(f"{self._what}: where must be a text such as: age >= 18")
        named = [policy.field for policy in self.fields]
        if len(set(named)) != len(named):
            raise InvalidInput(f"{self._what}: name each field once")

    @cached_property
    def filter(self) -> Expression | None:
        """The condition on rows as it was read."""
        return None if self.where is None else parse(self.where)

    def masked(self, fields: Iterable[Field]) -> tuple[Field, ...]:
        """Return fields with the policies that they have in this environment.

        Raises
        ------
        InvalidInput
            If a policy does not fit its field, or there is no such field.
        """
        declared = tuple(fields)
        policies = {policy.field: policy for policy in self.fields}
        known = [field.name for field in declared]
        for name in policies:
            if name not in known:
                raise InvalidInput(
                    f"{self._what}: the field {name} does not exist{did_you_mean(name, known)}"
                )
        try:
            return tuple(
                replace(
                    field,
                    privacy=policies[field.name].privacy,
                    generalise=policies[field.name].generalise,
                )
                if field.name in policies
                else field
                for field in declared
            )
        except InvalidInput as error:
            raise InvalidInput(f"{self._what}: {error.message}") from error

    def check_filter(self, kinds: dict[str, Kind]) -> None:
        """Raise `InvalidInput` unless `where` is a condition on fields of these kinds."""
        try:
            if self.filter is None or self.filter.kind(kinds) is Kind.TRUTH:
                return
        except InvalidInput as error:
            raise InvalidInput(f"{self._what}: where: {error.message}") from error
        raise InvalidInput(f"{self._what}: where must be a condition such as: age >= 18")

    @property
    def _what(self) -> str:
        return f"environment {self.name}"
