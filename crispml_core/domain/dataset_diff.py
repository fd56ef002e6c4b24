"""What is different between two data sets: columns, rows and distributions, without their values.

The manifests say which columns differ and how the distributions moved; which rows differ has to be
read. The answer names record keys and nothing else of a record.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crispml_core.domain.datasets import Column, DataSet
from crispml_core.domain.errors import InvalidInput

MAX_SAMPLE = 1000
SHOWN_CATEGORIES = 10


@dataclass(frozen=True, slots=True)
class TypeChange:
    """A column that both data sets have, with another type."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnsDiff:
    """How the columns differ.

    Parameters
    ----------
    added, removed : tuple of Column
        Columns that only the second, or only the first, data set has.
    retyped : tuple of TypeChange
        Columns of both with another type.
    changed : tuple of str
        Columns of both, with the same type, whose digests differ.
    same : int
        How many columns are equal in every row and in order.
    reordered : bool
        Whether the columns of both stand in another order.
    """

    added: tuple[Column, ...] = ()
    removed: tuple[Column, ...] = ()
    retyped: tuple[TypeChange, ...] = ()
    changed: tuple[str, ...] = ()
    same: int = 0
    reordered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsDiff:
    """How the rows differ.

    Parameters
    ----------
    matched_by : str or None
        The column whose values pair the rows; None where whole rows were compared, because one of
        both has no such column. Then a changed row counts as removed and added.
    added, removed, changed, same : int
        Rows of the second alone, of the first alone, of both with and without a difference.
    repeated : tuple of int and int
        Rows of the first and of the second whose key is missing or occurs more than once in either;
        they cannot be paired and count nowhere else.
    changed_by_column : dict
        In how many rows a column of both differs.
    sample : dict
        The first record keys, sorted, by ``added``, ``removed`` and ``changed``; empty where the
        keys may not be shown.
    """

    matched_by: str | None
    added: int = 0
    removed: int = 0
    changed: int = 0
    same: int = 0
    repeated: tuple[int, int] = (0, 0)
    changed_by_column: dict[str, int] = field(default_factory=dict)
    sample: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSetDiff:
    """What is different between two data sets.

    Parameters
    ----------
    identical : bool
        Whether every row, every type and every order is the same.
    rows_before, rows_after : int
        How many rows each has.
    moved : dict
        By column of both, how its distribution moved: see `moved_profile`. Columns that did not
        move are left out.
    """

    before: str
    after: str
    identical: bool
    rows_before: int
    rows_after: int
    columns: ColumnsDiff
    rows: RowsDiff
    moved: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def check_comparable(before: DataSet, after: DataSet) -> None:
    """Raise `InvalidInput` unless both are of one use case and one stage."""
    if before.use_case != after.use_case:
        raise InvalidInput("the data sets belong to different use cases; compare two of one")
    if before.stage is not after.stage:
        raise InvalidInput(
            f"the data sets are of different stages, {before.stage} and {after.stage}; compare two "
            "of one stage"
        )


def diff_columns(before: Sequence[Column], after: Sequence[Column]) -> ColumnsDiff:
    """Compare two lists of columns by name, type and digest."""
    first = {column.name: column for column in before}
    second = {column.name: column for column in after}
    common = [name for name in first if name in second]
    same_type = [name for name in common if first[name].type == second[name].type]
    changed = tuple(name for name in same_type if first[name].digest != second[name].digest)
    return ColumnsDiff(
        added=tuple(column for column in after if column.name not in first),
        removed=tuple(column for column in before if column.name not in second),
        retyped=tuple(
            TypeChange(name, first[name].type, second[name].type)
            for name in common
            if first[name].type != second[name].type
        ),
        changed=changed,
        same=len(same_type) - len(changed),
        reordered=common != [name for name in second if name in first],
    )


def moved_profile(
    before: Mapping[str, Any], after: Mapping[str, Any], rows: tuple[int, int]
) -> dict[str, Any]:
    """Return how the profile of a column moved; empty when it did not.

    Returns
    -------
    dict
        ``missing_share``, ``distinct`` and, for numbers, ``mean``, each as a pair [before, after]
        where they differ. For categories and truth values ``distance``, half of the sum of the
        absolute differences of the shares (total variation, 0 to 1), and ``shares``, the values
        that moved most as ``{"value", "before", "after"}``. The profile counts the most frequent
        values only; the rest is one value, null.
    """
    missing = [_share(side["missing"], n) for side, n in zip((before, after), rows, strict=True)]
    found: dict[str, Any] = {} if missing[0] == missing[1] else {"missing_share": missing}
    for name in ("distinct", "mean"):
        if not _equal(before.get(name), after.get(name)):
            found[name] = [before.get(name), after.get(name)]
    if "top" in before and "top" in after:
        shares = [_shares(side, n) for side, n in zip((before, after), rows, strict=True)]
        gaps = {
            value: shares[1].get(value, 0.0) - shares[0].get(value, 0.0)
            for value in dict.fromkeys([*shares[0], *shares[1]])
        }
        if any(gaps.values()):
            found["distance"] = sum(abs(gap) for gap in gaps.values()) / 2
            largest = sorted(gaps, key=lambda value: (-round(abs(gaps[value]), 12), str(value)))
            found["shares"] = [
                {
                    "value": value,
                    "before": shares[0].get(value, 0.0),
                    "after": shares[1].get(value, 0.0),
                }
                for value in largest[:SHOWN_CATEGORIES]
                if gaps[value]
            ]
    return found


def _equal(one: float | None, other: float | None) -> bool:
    """Say whether two figures are the same but for the order in which rows were summed up."""
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-12)


def _share(count: int, rows: int) -> float:
    return count / rows if rows else 0.0


def _shares(profile: Mapping[str, Any], rows: int) -> dict[Any, float]:
    known = rows - int(profile["missing"])
    shares = {part["value"]: _share(part["count"], known) for part in profile["top"]}
    rest = known - sum(part["count"] for part in profile["top"])
    return shares | ({None: _share(rest, known)} if rest else {})
