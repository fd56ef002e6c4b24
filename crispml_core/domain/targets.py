"""What a model predicts, what a mistake costs, and which groups are looked at on their own."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

from crispml_core.domain.bounds import check_bounds
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.fields import Field, check_values
from crispml_core.domain.identifiers import check_field_name

Task = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True, slots=True)
class Target:
    """The field that the model predicts.

    Parameters
    ----------
    name : str
        Column of the truth in the source.
    task : {"binary", "multiclass", "regression"}
        What kind of prediction.
    values : tuple of str
        The classes, for classification. Numbers and truth values in a source are compared by their
        text.
    positive : str, optional
        For ``binary``: the class whose probability is the score.
    minimum, maximum : float, optional
        Range of the truth, for regression.
    """

    name: str
    task: Task
    values: tuple[str, ...] = ()
    positive: str | None = None
    minimum: float | None = None
    maximum: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        check_field_name(self.name, "target name")
        if self.task not in get_args(Task):
            raise InvalidInput(
                f"target {self.name}: task must be one of {', '.join(get_args(Task))}"
            )
        check_values(f"target {self.name}", self.values)
        check_bounds(f"target {self.name}", self.minimum, self.maximum)
        if self.task == "binary" and (len(self.values) != 2 or self.positive not in self.values):
            raise InvalidInput(
                f"target {self.name}: a binary target has two values, and positive is one of them"
            )
        if self.task == "multiclass" and len(self.values) < 3:
            raise InvalidInput(f"target {self.name}: a multiclass target has at least three values")
        if self.task == "regression" and self.values:
            raise InvalidInput(f"target {self.name}: a regression target has no values")
        if self.task != "binary" and self.positive is not None:
            raise InvalidInput(f"target {self.name}: positive belongs to a binary target")
        if self.is_classification and (self.minimum, self.maximum) != (None, None):
            raise InvalidInput(f"target {self.name}: minimum and maximum belong to regression")

    @property
    def is_classification(self) -> bool:
        """Whether the target is a class."""
        return self.task != "regression"

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes by code: code 1 of a binary target is `positive`; empty for regression."""
        if self.task != "binary":
            return self.values
        negative = next(value for value in self.values if value != self.positive)
        return (negative, str(self.positive))

    @property
    def field(self) -> Field:
        """The target as a field, for checking the truth in a source or a label."""
        if self.is_classification:
            return Field(self.name, "category", "The truth.", values=self.values)
        return Field(self.name, "number", "The truth.", minimum=self.minimum, maximum=self.maximum)


@dataclass(frozen=True, slots=True)
class CostMatrix:
    """What each outcome of a binary decision costs, in any unit; a gain is a negative cost.

    The decision threshold of a model is the one of least mean cost on the ``select`` split.
    """

    false_positive: float
    false_negative: float
    true_positive: float = 0.0
    true_negative: float = 0.0

    def __post_init__(self) -> None:
        if self.false_positive <= self.true_negative or self.false_negative <= self.true_positive:
            raise InvalidInput(
                "cost matrix: a mistake must cost more than the right decision for the same truth"
            )


@dataclass(frozen=True, slots=True)
class Segment:
    """A grouping of records that reports look at separately.

    Parameters
    ----------
    name : str
        Name of the segment.
    field : str, optional
        Prepared field it is read from; the name itself by default.
    bins : tuple of float
        Inner edges for a numeric field: ``(25, 60)`` gives ``< 25``, ``25 - 60`` and ``>= 60``.
        Empty: each value is a group.
    """

    name: str
    field: str = ""
    bins: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "field", self.field or self.name)
        object.__setattr__(self, "bins", tuple(float(edge) for edge in self.bins))
        if list(self.bins) != sorted(set(self.bins)):
            raise InvalidInput(f"segment {self.name}: bins must rise")

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups that `bins` make; empty when each value is a group."""
        if not self.bins:
            return ()
        edges = [f"{edge:g}" for edge in self.bins]
        inner = [f"{low} - {high}" for low, high in pairwise(edges)]
        return (f"< {edges[0]}", *inner, f">= {edges[-1]}")

    def group_of(self, value: Any) -> str:
        """Return the name of the group that a value belongs to; ``missing`` for None and NaN."""
        if value is None or value != value:
            return "missing"
        if self.bins:
            return self.groups[bisect_right(self.bins, float(value))]
        return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Gate:
    """A bound that a KPI on the ``test`` split must keep before a version may become champion.

    Parameters
    ----------
    kpi : str
        Name of a KPI in the report, for example ``auc`` or ``mae``.
    minimum, maximum : float, optional
        The bounds, inclusive; at least one is needed.
    """

    kpi: str
    minimum: float | None = None
    maximum: float | None = None

    def __post_init__(self) -> None:
        if self.minimum is None and self.maximum is None:
            raise InvalidInput(f"gate {self.kpi}: needs a minimum or a maximum")
        check_bounds(f"gate {self.kpi}", self.minimum, self.maximum)
