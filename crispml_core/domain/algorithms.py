"""The algorithms of a use case and what may be set on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from crispml_core.domain.bounds import check_bounds, is_finite, is_within, say_bounds
from crispml_core.domain.errors import InvalidInput, did_you_mean
from crispml_core.domain.identifiers import check_name

HyperValue = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """One hyperparameter: its default, what it may be, and what a search tries.

    Parameters
    ----------
    name : str
        Parameter of the estimator, as scikit-learn spells it.
    default : bool, int, float, str or None
        Used when a request does not set it.
    minimum, maximum : float, optional
        Inclusive range of a number.
    values : tuple
        The allowed values of a choice.
    search : tuple
        The values of a grid search; empty means that a search leaves it at its default. A random
        search draws from the range when there is one, else from here.
    scale : {"linear", "log"}
        How a random search draws from the range.
    """

    name: str
    default: HyperValue
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[HyperValue, ...] = ()
    search: tuple[HyperValue, ...] = ()
    scale: Literal["linear", "log"] = "linear"

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        object.__setattr__(self, "search", tuple(self.search))
        if self.scale == "log" and (self.minimum is None or self.minimum <= 0):
            raise InvalidInput(f"hyperparameter {self.name}: the scale log needs a minimum above 0")
        check_bounds(f"hyperparameter {self.name}", self.minimum, self.maximum)
        for value in (self.default, *self.search):
            self.check(value)

    @property
    def is_whole(self) -> bool:
        """Whether its numbers are whole: the default is, or None is and every search value."""
        known = [self.default] if self.default is not None else [*self.search]
        numbers = [value for value in known if value is not None]
        return bool(numbers) and all(type(value) is int for value in numbers)

    def check(self, value: HyperValue) -> HyperValue:
        """Return `value` if it is allowed, else raise `InvalidInput` that says what is."""
        if self.values:
            for one in self.values:
                # True == 1, and yet a truth value is not a number.
                if value == one and isinstance(value, bool) is isinstance(one, bool):
                    return one
            allowed = ", ".join(map(repr, self.values))
            raise InvalidInput(f"hyperparameter {self.name} must be one of {allowed}")
        if value is None and self.default is None:
            return None
        if isinstance(self.default, bool | str):
            if type(value) is not type(self.default):
                kind = type(self.default).__name__
                raise InvalidInput(f"hyperparameter {self.name} must be a {kind}")
            return value
        return self._check_number(value)

    def _check_number(self, value: HyperValue) -> int | float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidInput(f"hyperparameter {self.name} must be a number")
        if not is_finite(value) or not is_within(value, self.minimum, self.maximum):
            allowed = say_bounds(self.minimum, self.maximum)
            raise InvalidInput(f"hyperparameter {self.name} must be {allowed}")
        if not self.is_whole:
            return value
        if value != math.floor(value) or abs(value) >= 2**63:
            raise InvalidInput(f"hyperparameter {self.name} must be a whole number of 64 bits")
        return int(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithm:
    """A way to model the target: its own curation and its own estimator.

    Parameters
    ----------
    name : str
        Name in requests and reports.
    curate : callable
        Returns a new, unfitted scikit-learn transformer of the prepared columns. It is fitted on
        ``train`` only and must leave out the record key.
    estimator : callable
        Called with the hyperparameters as keywords, returns a new, unfitted scikit-learn estimator.
        Its ``random_state``, if it has one, is set from the seed of the run.
    hyperparameters : tuple of Hyperparameter
        What may be set.
    description : str
        One sentence.
    """

    name: str
    curate: Callable[[], Any]
    estimator: Callable[..., Any]
    hyperparameters: tuple[Hyperparameter, ...] = ()
    description: str = ""

    def __post_init__(self) -> None:
        check_name(self.name, "the name of an algorithm")
        object.__setattr__(self, "hyperparameters", tuple(self.hyperparameters))
        names = [parameter.name for parameter in self.hyperparameters]
        if len(set(names)) != len(names):
            raise InvalidInput(f"algorithm {self.name}: a hyperparameter is declared twice")

    def complete(self, given: Mapping[str, Any] | None) -> dict[str, HyperValue]:
        """Check the given hyperparameters and add the defaults of the others.

        Raises
        ------
        InvalidInput
            If one is unknown, of the wrong type or out of range.
        """
        given = dict(given or {})
        known = {parameter.name: parameter for parameter in self.hyperparameters}
        for name in given:
            if name not in known:
                guess = did_you_mean(name, known)
                names = ", ".join(known) or "none"
                raise InvalidInput(
                    f"algorithm {self.name} has no such hyperparameter{guess}; known: {names}"
                )
        return {
            name: parameter.check(given[name]) if name in given else parameter.default
            for name, parameter in known.items()
        }
