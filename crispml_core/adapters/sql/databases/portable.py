"""Expressions in a way that every database takes, where the short one is not understood by all."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Double, cast, func, literal_column


def whole(number: int) -> ColumnElement[int]:
    """Return a whole number as it is written.

    As a parameter it would have no type, and Db2 wants to know one where a CASE has no other.
    """
    return literal_column(str(int(number)))


def real(value: float) -> ColumnElement[float]:
    """Return a number as a parameter that has a type."""
    return cast(value, Double)


def total(column: ColumnElement[int]) -> ColumnElement[Any]:
    """Return the sum of a column of whole numbers.

    Db2 adds what is INTEGER as INTEGER, and fails beyond two thousand million.
    """
    return func.sum(cast(column, BigInteger))
