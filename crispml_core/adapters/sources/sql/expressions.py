"""Expressions as SQL, for a filter or a column that the database computes.

Missing is NULL, and a truth value in the middle of an expression is 1, 0 or NULL: not every
database has truth values everywhere. A column that is not text is compared by the text that the
database makes of it. Where the database computes a logarithm itself, its last digit is its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from crispml_core.adapters.sources.sql.spelling import POSTGRESQL, SQLITE, text_of
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.expressions import FUNCTIONS, Call, Expression, FieldRef, Kind, Literal

Clause = ColumnElement[Any]

# Some functions spell an argument twice, so that nesting them doubles the statement each time.
MAX_TERMS = 10_000
_SPELT_TWICE = ("least", "greatest", "log", "log1p", "sqrt")
# Written out: a case of nothing but parameters has no type everywhere.
_ONE, _ZERO = sa.literal_column("1", sa.Integer()), sa.literal_column("0", sa.Integer())
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
        Name of the SQLAlchemy dialect; ``sqlite`` needs `spelling.add_functions` on its connection.

    Raises
    ------
    InvalidInput
        If the statement would grow beyond all measure.
    """
    _check_size(expression)
    return _Translator(columns, kinds, dialect).condition(expression)


def value_sql(
    expression: Expression, columns: Mapping[str, Clause], kinds: Mapping[str, Kind], dialect: str
) -> Clause:
    """Return what an expression gives, as a column: float64, text, or 1 and 0; see `to_sql`."""
    _check_size(expression)
    return _Translator(columns, kinds, dialect).value(expression)


def _check_size(expression: Expression) -> None:
    if _terms(expression) > MAX_TERMS:
        raise InvalidInput("an expression is too large for a database; nest it less")


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
            return self.value(expression) == 1
        match expression.function:
            case "both":
                return sa.and_(*map(self.condition, expression.arguments))
            case "either":
                return sa.or_(*map(self.condition, expression.arguments))
            case "negation":
                return self.value(expression.arguments[0]) == 0
            case "is_missing":
                return self.value(expression.arguments[0]).is_(None)
            case "starts_with":
                text, start = map(self.value, expression.arguments)
                return sa.func.substr(text, 1, sa.func.length(start)) == start
            case "eq" | "ne" | "lt" | "le" | "gt" | "ge" as name:
                left, right = map(self.value, expression.arguments)
                return left.op(_OPERATORS[name], is_comparison=True)(right)
        return self.value(expression) == 1

    def value(self, expression: Expression) -> Clause:
        """Return what the expression gives."""
        match expression:
            case Literal(value=bool() as truth):
                return sa.literal_column(str(int(truth)))
            case Literal(value=str() as text):
                return self._literal(text)
            case Literal(value=number):
                return sa.literal(number, sa.Double())
            case FieldRef(name=name):
                return self._field(self._columns[name], self._kinds[name])
            case Call(function="where", arguments=(condition, left, right)):
                return sa.case(
                    (self.condition(condition), self.value(left)), else_=self.value(right)
                )
            case Call(function="coalesce", arguments=(left, right)):
                return sa.func.coalesce(self.value(left), self.value(right))
            case Call(function=name, arguments=arguments):
                if FUNCTIONS[name].result is Kind.TRUTH:
                    return sa.case((self.condition(expression), _ONE), else_=_ZERO)
                return self._finite(self._number(name, [self.value(part) for part in arguments]))
        raise TypeError(f"not an expression: {type(expression).__name__}")

    def _literal(self, text: str) -> Clause:
        if self._dialect in (SQLITE, POSTGRESQL):
            return sa.literal(text, sa.Text())
        # A parameter alone has no type, which the outcome of a case needs; lengths are in bytes.
        length = max(1, len(text.encode()))
        return sa.cast(sa.literal(text, sa.String(length)), sa.String(length))

    def _field(self, column: Clause, kind: Kind) -> Clause:
        if kind is Kind.TRUTH:
            if isinstance(column.type, sa.Boolean) and self._dialect not in (SQLITE, POSTGRESQL):
                # Not every database makes a number of a truth value.
                bare: Clause = sa.type_coerce(column, sa.types.NullType())
                return sa.case((bare, _ONE), (sa.not_(bare), _ZERO))
            return sa.cast(column, sa.Integer())
        if kind is Kind.TEXT:
            return text_of(self._dialect, column)
        return self._finite(sa.cast(column, sa.Double()))

    def _finite(self, value: Clause) -> Clause:
        """Turn infinities and NaN into NULL, in the databases that have them."""
        if self._dialect not in (SQLITE, POSTGRESQL):
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
