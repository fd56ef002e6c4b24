"""What a database does before it gives rows away: derived columns, joins and aggregates.

These are declarations only; which SQL they become is the business of the source's adapter.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from crispml_core.domain.errors import InvalidInput, did_you_mean
from crispml_core.domain.expressions import Expression, FieldRef, parse

AGGREGATES = ("count", "count_distinct", "sum", "mean", "min", "max", "first", "last")
"""``first`` and ``last`` go by a moment, and pass over missing values as all others do."""

MOST_DAYS = 36_500
"""So far back every database can reckon."""


@dataclass(frozen=True, slots=True, eq=False)
class Aggregate:
    """One value out of many rows.

    Parameters
    ----------
    function : str
        One of `AGGREGATES`.
    argument : Expression or str, optional
        What is aggregated; only ``count`` does without, and counts the rows then.
    """

    function: str
    argument: Expression | None = None

    def __init__(self, function: str, argument: Expression | str | None = None) -> None:
        if function not in AGGREGATES:
            raise InvalidInput(
                f"unknown aggregate{did_you_mean(function, AGGREGATES)}; "
                f"known: {', '.join(AGGREGATES)}"
            )
        if argument is None and function != "count":
            raise InvalidInput(f"{function} needs what it aggregates, such as {function}(amount)")
        object.__setattr__(self, "function", function)
        given = expression(argument) if isinstance(argument, str) else argument
        object.__setattr__(self, "argument", given)

    @property
    def by_moment(self) -> bool:
        """Whether the order of the rows in time decides."""
        return self.function in ("first", "last")

    def fields(self) -> Iterator[str]:
        """Yield the names that the argument reads."""
        if self.argument is not None:
            yield from self.argument.fields()


Output = Expression | Aggregate
Outputs = tuple[tuple[str, Output], ...]


@dataclass(frozen=True, slots=True, eq=False)
class SqlJoin:
    """Another table whose columns become columns of the record.

    It never multiplies records: there is at most one row per key, or its columns are aggregates.

    Parameters
    ----------
    table : str
        Table or view, with its schema where it needs one: ``sales.orders``.
    on : mapping of str to str, or str
        Columns of the main table, or of a join before, and the equal ones of `table`; one name
        where both are called the same.
    columns : mapping of str to str, Expression or Aggregate
        New columns, from columns of `table`: ``{"region": "name", "spent": "sum(amount)"}``.
    kind : {"left", "inner"}
        Whether records without a row in `table` stay, with missing values, or go.
    where : Expression or str, optional
        Rows of `table` that count.
    as_of : str
        Column of the main table with the moment of the record. Aggregates look at rows before it.
    moment : str
        Column of `table` with the moment of its row.
    days : int, optional
        How far back aggregates look: rows from so many days before `as_of`; to the beginning when
        it is left out.
    timeless : bool
        Says that aggregates may look at every row, whenever it happened: what is counted is surely
        known before each record.
    """

    table: str
    on: Mapping[str, str] | str
    columns: Mapping[str, Output | str]
    kind: Literal["left", "inner"] = "left"
    where: Expression | str | None = None
    as_of: str = ""
    moment: str = ""
    days: int | None = None
    timeless: bool = False

    def __post_init__(self) -> None:
        what = f"join of {self.table}"
        on = {self.on: self.on} if isinstance(self.on, str) else dict(self.on)
        object.__setattr__(self, "on", on)
        object.__setattr__(self, "columns", outputs(self.columns, f"{what}: columns"))
        object.__setattr__(self, "where", condition(self.where, f"{what}: where"))
        if not self.on or not self.columns:
            raise InvalidInput(f"{what}: on and columns must name something")
        if self.kind not in ("left", "inner"):
            raise InvalidInput(f"{what}: kind must be left or inner")
        self._check_time(what)

    @property
    def outputs(self) -> Outputs:
        """The new columns."""
        return self.columns  # type: ignore[return-value]  # since __post_init__

    @property
    def filter(self) -> Expression | None:
        """`where` as it was read."""
        return self.where  # type: ignore[return-value]  # since __post_init__

    @property
    def keys(self) -> Mapping[str, str]:
        """Columns of the record and the equal ones of the table."""
        return self.on  # type: ignore[return-value]  # since __post_init__

    @property
    def aggregates(self) -> bool:
        """Whether many rows become one."""
        return isinstance(self.outputs[0][1], Aggregate)

    def _check_time(self, what: str) -> None:
        if len({isinstance(output, Aggregate) for _, output in self.outputs}) > 1:
            raise InvalidInput(
                f"{what}: columns must be aggregates, all or none; make two joins of the table"
            )
        # Not even True is a whole number here.
        if self.days is not None and not (type(self.days) is int and 1 <= self.days <= MOST_DAYS):
            raise InvalidInput(f"{what}: days must be a whole number from 1 to {MOST_DAYS}")
        if not self.aggregates:
            if self.as_of or self.moment or self.days or self.timeless:
                raise InvalidInput(
                    f"{what}: as_of, moment, days and timeless belong to aggregates, such as "
                    "last(price)"
                )
            return
        if self.timeless and (self.as_of or self.days):
            raise InvalidInput(f"{what}: timeless excludes as_of and days")
        if not self.timeless and not (self.as_of and self.moment):
            raise InvalidInput(
                f"{what}: as_of and moment must say which rows were known at the moment of the "
                "record; say timeless: true if every row was"
            )
        check_moment(what, self.outputs, self.moment)


def check_moment(what: str, columns: Outputs, moment: str) -> None:
    """Raise `InvalidInput` if ``first`` or ``last`` have no moment to go by."""
    for name, output in columns:
        if isinstance(output, Aggregate) and output.by_moment and not moment:
            raise InvalidInput(f"{what}: {name} is the {output.function} by moment; name moment")


def expression(text: str) -> Expression:
    """Read an expression; a name alone is a column, also where Python has another use for it."""
    return FieldRef(text) if text.isidentifier() and text not in ("True", "False") else parse(text)


def output(text: str) -> Output:
    """Read an expression or an aggregate of one: ``amount / months``, ``sum(amount)``.

    Examples
    --------
    >>> output("sum(price * pieces)").function
    'sum'
    """
    if len(text) <= 2000 and text.partition("(")[0].strip() in AGGREGATES:
        try:
            node = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return parse(text)  # which explains
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            if len(node.args) > 1:
                raise InvalidInput(f"{node.func.id} aggregates one expression")
            return Aggregate(node.func.id, *(ast.unparse(part) for part in node.args))
    return expression(text)


def outputs(given: Mapping[str, Output | str] | Iterable[tuple[str, Output]], what: str) -> Outputs:
    """Read a mapping of new columns to what they are made of."""
    pairs = given.items() if isinstance(given, Mapping) else given
    read: list[tuple[str, Output]] = []
    for name, made in pairs:
        try:
            read.append((name, output(made) if isinstance(made, str) else made))
        except InvalidInput as error:
            raise InvalidInput(f"{what}: {name}: {error.message}") from error
    return tuple(read)


def condition(given: Expression | str | None, what: str) -> Expression | None:
    """Read a condition."""
    try:
        return expression(given) if isinstance(given, str) else given
    except InvalidInput as error:
        raise InvalidInput(f"{what}: {error.message}") from error
