"""Where raw data come from, and how much of it is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.expressions import Expression
from crispml_core.domain.queries import (
    Aggregate,
    Output,
    Outputs,
    SqlJoin,
    check_moment,
    condition,
    outputs,
)

# Texts that stand for a missing value in a CSV file, unless its source says otherwise.
MISSING_TEXTS = ("", "NA", "N/A", "NULL", "null", "NaN", "nan")

_SEPARATORS = {";": "semicolons", ",": "commas", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True, slots=True)
class CsvSource:
    """A CSV file with a header line, RFC 4180, UTF-8.

    Parameters
    ----------
    path : str
        The file; a YAML use case resolves it beside itself.
    delimiter : str
        One character between the columns.
    missing : tuple of str
        Texts that stand for a missing value.
    """

    path: str
    delimiter: str = ","
    missing: tuple[str, ...] = MISSING_TEXTS


@dataclass(frozen=True, slots=True)
class ParquetSource:
    """A Parquet file, or a folder of them."""

    path: str


@dataclass(frozen=True, slots=True)
class SqlSource:
    """Rows of any database that SQLAlchemy reaches: a SELECT, or a table and what is made of it.

    All of it runs inside the database, in a read-only transaction that is always rolled back.

    Parameters
    ----------
    query : str
        One SELECT statement; it runs as a subquery.
    url : str
        SQLAlchemy URL without a password, for a source that needs none.
    connection : str
        Name of a URL in the setting ``CRISPML_CONNECTIONS``; keeps secrets out of the use case.
    table : str
        Table or view instead of a query, with its schema where it needs one: ``sales.customers``.
    columns : mapping of str to str, Expression or Aggregate
        Fields of the record that are not columns of their own name: ``{"monthly": "charges /
        months"}``; with `group_by` aggregates.
    where : Expression or str, optional
        Rows that count; reads columns of the table and of the joins.
    joins : tuple of SqlJoin
        Other tables, in order.
    group_by : str
        Column whose values become one record each; it is the record key.
    moment : str
        Column with the moment of a row, for ``first`` and ``last`` with `group_by`.
    ordered : bool
        Whether records come in the order of their key, so that the same data are the same data set.
    timeout_s : float
        How long a statement may take.
    """

    query: str = ""
    url: str = ""
    connection: str = ""
    table: str = ""
    columns: Mapping[str, Output | str] = field(default_factory=dict)
    where: Expression | str | None = None
    joins: tuple[SqlJoin, ...] = ()
    group_by: str = ""
    moment: str = ""
    ordered: bool = True
    timeout_s: float = 3600.0

    def __post_init__(self) -> None:
        if bool(self.url) == bool(self.connection):
            raise InvalidInput("an SQL source needs either url or connection")
        if bool(self.query) == bool(self.table):
            raise InvalidInput("an SQL source needs either query or table")
        object.__setattr__(self, "columns", outputs(self.columns, "columns of the SQL source"))
        object.__setattr__(self, "where", condition(self.where, "where of the SQL source"))
        object.__setattr__(self, "joins", tuple(self.joins))
        if not self.timeout_s > 0:
            raise InvalidInput("timeout_s of the SQL source must be above 0")
        if self.query and (self.columns or self.where is not None or self.joins or self.group_by):
            raise InvalidInput(
                "columns, where, joins and group_by of an SQL source belong to table; "
                "write them into the query, or make the query a view"
            )
        if self.group_by:
            check_moment("group_by of the SQL source", self.outputs, self.moment)
        elif any(isinstance(made, Aggregate) for _, made in self.outputs):
            raise InvalidInput("columns of the SQL source: aggregates need group_by")

    @property
    def filter(self) -> Expression | None:
        """`where` as it was read."""
        return self.where  # type: ignore[return-value]  # since __post_init__

    @property
    def outputs(self) -> Outputs:
        """The columns that are made of others."""
        return self.columns  # type: ignore[return-value]  # since __post_init__


@dataclass(frozen=True, slots=True)
class Statement:
    """What a database is asked for the rows of a source.

    Parameters
    ----------
    sql : str
        The statement; values are named parameters and not in it.
    in_database : tuple of str
        What the database does: ``columns``, ``filter``, ``join``, ``aggregation``, ``sample``,
        ``limit``, ``order``.
    while_reading : tuple of str
        What is done with the rows as they come, because this database cannot.
    expected_rows : int, optional
        How many rows the database expects to give; None when it does not say.
    """

    sql: str
    in_database: tuple[str, ...]
    while_reading: tuple[str, ...] = ()
    expected_rows: int | None = None


def source_kind(source: object, upload_id: str | None = None) -> str:
    """Return what kind of source raw data come from: ``csv``, ``sql`` …, ``upload``, ``custom``."""
    if upload_id is not None:
        return "upload"
    kinds = {CsvSource: "csv", ParquetSource: "parquet", SqlSource: "sql"}
    return kinds.get(type(source), "custom")


@dataclass(frozen=True, slots=True)
class Selection:
    """What part of a source is wanted; pushed into the database or the Parquet scan.

    Parameters
    ----------
    where : Expression, optional
        Rows that make it true.
    sample : float
        Share of the rows, in (0, 1], chosen by a hash of the record key and `seed`: the same rows
        wherever they lie.
    limit : int, optional
        At most so many rows.
    seed : int
        Seed of the sample.
    """

    where: Expression | None = None
    sample: float = 1.0
    limit: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.sample <= 1:
            raise InvalidInput("sample must be above 0 and at most 1")
        if self.limit is not None and self.limit < 1:
            raise InvalidInput("limit must be at least 1")
        if self.limit is not None and self.limit >= 2**63:
            raise InvalidInput("limit must be below 2**63; leave it out for every row")


def other_separator(names: Sequence[str]) -> str:
    """Return what seems to stand between the columns of a header that was read as one column.

    Returns
    -------
    str
        ``semicolons``, ``commas``, ``tabs`` or ``bars``; empty when the header has several columns
        or none of them.

    Examples
    --------
    >>> other_separator(["record_key;label"])
    'semicolons'
    """
    if len(names) != 1:
        return ""
    return next((name for mark, name in _SEPARATORS.items() if mark in names[0]), "")
