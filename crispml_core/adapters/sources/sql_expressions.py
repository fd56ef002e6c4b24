"""Expressions as SQL, for a filter that the database applies.

Missing is NULL, and a truth value in the middle of an expression is 1, 0 or NULL: not every
database has truth values everywhere. A column that is not text is compared by the text that the
database makes of it. Where the database computes a logarithm itself, its last digit is its own.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.expressions import FUNCTIONS, Call, Expression, FieldRef, Kind, Literal

Clause = ColumnElement[Any]

# Some functions spell an argument twice, so that nesting them doubles the statement each time.
MAX_TERMS = 10_000
_SPELT_TWICE = ("least", "greatest", "log", "log1p", "sqrt")
_OPERATORS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "eq": "=",
    "ne": "<>",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
}


def to_sql(
    expression: Expression, columns: Mapping[str, Clause], kinds: Mapping[str, Kind], dialect: str
) -> Clause:
    """Return a condition for WHERE that is true exactly where the expression is.

    Parameters
    ----------
    expression : Expression
        A condition.
    columns : mapping of str to ColumnElement
        The columns of the source.
    kinds : mapping of str to Kind
        What expressions see of them.
    dialect : str
        Name of the SQLAlchemy dialect; ``sqlite`` needs `add_sqlite_functions` on its connection.

    Raises
    ------
    InvalidInput
        If the statement would grow beyond all measure.
    """
    if _terms(expression) > MAX_TERMS:
        raise InvalidInput("where is too large for a database; nest it less")
    return _Translator(columns, kinds, dialect).condition(expression)


def add_sqlite_functions(connection: sqlite3.Connection) -> None:
    """Give a SQLite connection the functions that it may have been built without."""
    for name in ("log", "log1p", "sqrt", "floor"):
        function = _guarded(getattr(math, name))
        connection.create_function(f"crispml_{name}", 1, function, deterministic=True)


def _guarded(function: Callable[[float], float]) -> Callable[[float | None], float | None]:
    def apply(value: float | None) -> float | None:
        try:
            return None if value is None else float(function(value))
        except (ValueError, OverflowError):
            return None

    return apply


def _terms(expression: Expression) -> int:
    if not isinstance(expression, Call):
        return 1
    below = sum(_terms(part) for part in expression.arguments)
    return 1 + below * (2 if expression.function in _SPELT_TWICE else 1)


class _Translator:
    def __init__(
        self, columns: Mapping[str, Clause], kinds: Mapping[str, Kind], dialect: str
    ) -> None:
        self._columns, self._kinds, self._dialect = columns, kinds, dialect

    def condition(self, expression: Expression) -> Clause:
        """Return a clause that is true where the expression is, and false or NULL elsewhere."""
        if not isinstance(expression, Call):
            return self._value(expression) == 1
        match expression.function:
            case "both":
                return sa.and_(*map(self.condition, expression.arguments))
            case "either":
                return sa.or_(*map(self.condition, expression.arguments))
            case "negation":
                return self._value(expression.arguments[0]) == 0
            case "is_missing":
                return self._value(expression.arguments[0]).is_(None)
            case "starts_with":
                text, start = map(self._value, expression.arguments)
                return sa.func.substr(text, 1, sa.func.length(start)) == start
            case "eq" | "ne" | "lt" | "le" | "gt" | "ge" as name:
                left, right = map(self._value, expression.arguments)
                return left.op(_OPERATORS[name], is_comparison=True)(right)
        return self._value(expression) == 1

    def _value(self, expression: Expression) -> Clause:
        match expression:
            case Literal(value=bool() as truth):
                return sa.literal_column(str(int(truth)))
            case Literal(value=str() as text):
                return sa.literal(text, sa.Text())
            case Literal(value=number):
                return sa.literal(number, sa.Double())
            case FieldRef(name=name):
                return self._field(self._columns[name], self._kinds[name])
            case Call(function="where", arguments=(condition, left, right)):
                return sa.case(
                    (self.condition(condition), self._value(left)), else_=self._value(right)
                )
            case Call(function="coalesce", arguments=(left, right)):
                return sa.func.coalesce(self._value(left), self._value(right))
            case Call(function=name, arguments=arguments):
                if FUNCTIONS[name].result is Kind.TRUTH:
                    return sa.case((self.condition(expression), 1), else_=0)
                return self._finite(self._number(name, [self._value(part) for part in arguments]))
        raise TypeError(f"not an expression: {type(expression).__name__}")

    def _field(self, column: Clause, kind: Kind) -> Clause:
        if kind is Kind.TRUTH:
            return sa.cast(column, sa.Integer())
        if kind is Kind.TEXT:
            # Text without a length is not known to every database.
            bounded = self._dialect not in ("sqlite", "postgresql")
            return sa.cast(column, sa.String(4000) if bounded else sa.Text())
        return self._finite(sa.cast(column, sa.Double()))

    def _finite(self, value: Clause) -> Clause:
        """Turn infinities and NaN into NULL, in the databases that have them."""
        if self._dialect not in ("sqlite", "postgresql"):
            return value
        outside = [math.inf, -math.inf] + ([math.nan] if self._dialect == "postgresql" else [])
        for number in outside:
            value = sa.func.nullif(value, sa.literal(number, sa.Double()), type_=sa.Double())
        return value

    def _number(self, name: str, values: list[Clause]) -> Clause:
        first, second = values[0], values[-1]
        zero: Clause = sa.literal(0.0, sa.Double())
        match name:
            case "add" | "subtract" | "multiply":
                return first.op(_OPERATORS[name], return_type=sa.Double())(second)
            case "divide":
                return first.op("/", return_type=sa.Double())(sa.func.nullif(second, zero))
            case "negate":
                return -first
            case "abs":
                return sa.func.abs(first, type_=sa.Double())
        if self._dialect == "sqlite":
            # The min and max of SQLite with two arguments are NULL as soon as one of them is.
            spelling = {"least": "min", "greatest": "max"}.get(name, f"crispml_{name}")
            return sa.Function(spelling, *values, type_=sa.Double())
        match name:
            case "least":
                return sa.case((second < first, second), (second >= first, first))
            case "greatest":
                return sa.case((second > first, second), (second <= first, first))
            case "log":
                return sa.case((first > zero, sa.func.ln(first)))
            case "log1p":
                return sa.case((first > -1.0, sa.func.ln(1.0 + first)))
            case "sqrt":
                return sa.case((first >= zero, sa.func.sqrt(first)))
        return sa.func.floor(first, type_=sa.Double())
