"""What a use case asks of its data sets before anybody may learn from them or carry them away.

k-anonymity: every combination of the quasi-identifiers is shared by at least k rows (Sweeney, 2002,
doi 10.1142/S0218488502001648). l-diversity: the rows that share one do not also share what is
sensitive, so that somebody who knows that a person is among them still learns little
(Machanavajjhala et al., 2007, doi 10.1145/1217299.1217302).
"""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass
from typing import Literal, get_args

from crispml_core.domain.errors import InvalidInput

DiversityKind = Literal["distinct", "entropy", "recursive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSetPrivacy:
    """What holds for every data set of a use case.

    Parameters
    ----------
    training : bool
        Whether the privacy policies of the fields hold for data sets too. Then models learn from
        what is stored, and see of every record that they answer what a data set would have of it.
    quasi_identifiers : tuple of str
        Fields that together may tell who a row is about. The rows that have the same values in all
        of them are an equivalence class; a missing value is a value like any other.
    sensitive : tuple of str
        Fields, or the target, that nobody may learn about a person. Each is judged by itself.
    k : int
        Rows that the smallest class must have; 1 asks for nothing.
    l : float
        How diverse each sensitive field must be in every class; 1 asks for nothing.
    diversity : {"distinct", "entropy", "recursive"}
        How `l` counts: different values; the exponential of their entropy; or the recursive
        (c, l)-diversity, in which the most frequent value has less than `c` times the rows of the
        values from the l-th most frequent on.
    c : float
        Only for the recursive kind.
    """

    training: bool = False
    quasi_identifiers: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    k: int = 1
    l: float = 1.0  # noqa: E741  # its name in the literature
    diversity: DiversityKind = "distinct"
    c: float = 3.0

    def __post_init__(self) -> None:
        for name in ("quasi_identifiers", "sensitive"):
            names = tuple(getattr(self, name))
            object.__setattr__(self, name, names)
            if len(set(names)) != len(names):
                raise InvalidInput(f"privacy: {name}: name each field once")
        if set(self.quasi_identifiers) & set(self.sensitive):
            raise InvalidInput(
                "privacy: a field cannot be both sensitive and a quasi-identifier: all rows of a "
                "class have the same value of it"
            )
        if isinstance(self.k, bool) or not isinstance(self.k, int) or self.k < 1:
            raise InvalidInput("privacy: k must be a whole number of at least 1")
        if not (math.isfinite(self.l) and self.l >= 1):
            raise InvalidInput("privacy: l must be a number of at least 1")
        if self.diversity not in get_args(DiversityKind):
            raise InvalidInput(
                f"privacy: diversity must be one of {', '.join(get_args(DiversityKind))}"
            )
        if self.diversity != "entropy" and self.l != int(self.l):
            raise InvalidInput(f"privacy: l must be a whole number for {self.diversity} diversity")
        if not (math.isfinite(self.c) and self.c > 0):
            raise InvalidInput("privacy: c must be a number above 0")
        if self.is_demanding and not self.quasi_identifiers:
            raise InvalidInput("privacy: k and l need quasi_identifiers")
        if self.l > 1 and not self.sensitive:
            raise InvalidInput("privacy: l needs a sensitive field")

    @property
    def is_demanding(self) -> bool:
        """Whether a data set can be refused."""
        return self.k > 1 or self.l > 1

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it looks at."""
        return self.quasi_identifiers + self.sensitive

    def check_columns(self, known: Container[str]) -> None:
        """Raise `InvalidInput` unless all of its columns are among the `known`."""
        for name in self.columns:
            if name not in known:
                raise InvalidInput(f"privacy: there is no field {name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassSizes:
    """How many classes have between `smallest` and `largest` rows, and how many rows these are."""

    smallest: int
    largest: int
    classes: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Diversity:
    """How diverse a sensitive column is in the class where it is least so.

    Parameters
    ----------
    distinct : int
        Different values.
    entropy : float
        Exponential of the Shannon entropy: as many equally frequent values would have it.
    recursive : int
        Largest l of the recursive (c, l)-diversity; 0 where none holds.
    closeness : float
        Largest distance between the shares of the values in a class and in all rows: half the sum
        of the absolute differences, from 0 to 1 (t-closeness, Li et al., 2007,
        doi 10.1109/ICDE.2007.367856).
    disclosed_rows : int
        Rows of classes with a single value: whoever finds the class knows it.
    classes_below, rows_below : int
        Classes that are less diverse than is asked for, and their rows.
    """

    column: str
    distinct: int
    entropy: float
    recursive: int
    closeness: float
    disclosed_rows: int
    classes_below: int
    rows_below: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyReport:
    """How well the rows of a data set hide one another; it holds counts and no values.

    Parameters
    ----------
    asked : DataSetPrivacy
        What it was held against.
    k : int
        Rows of the smallest class; 0 without rows.
    risk : float
        Share of classes in rows: the expected chance to find a row's person by the
        quasi-identifiers alone. The largest is ``1 / k``.
    unique_rows : int
        Rows that share their values with no other.
    classes_below, rows_below : int
        Classes with fewer rows than is asked for, and their rows.
    sizes : tuple of ClassSizes
        From small classes to large ones.
    holds : bool
        Whether the data set is what is asked for.
    """

    dataset_id: str
    asked: DataSetPrivacy
    rows: int
    classes: int
    k: int
    risk: float
    unique_rows: int
    classes_below: int
    rows_below: int
    sizes: tuple[ClassSizes, ...]
    diversity: tuple[Diversity, ...]
    holds: bool
