"""Where raw data come from, and how much of it is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.expressions import Expression

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
    """A SELECT in any database that SQLAlchemy reaches.

    Parameters
    ----------
    query : str
        One SELECT statement. It runs as a subquery in a read-only transaction that is always rolled
        back.
    url : str
        SQLAlchemy URL without a password, for a source that needs none.
    connection : str
        Name of a URL in the setting ``CRISPML_CONNECTIONS``; keeps secrets out of the use case.
    """

    query: str
    url: str = ""
    connection: str = ""

    def __post_init__(self) -> None:
        if bool(self.url) == bool(self.connection):
            raise InvalidInput("an SQL source needs either url or connection")


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
        Share of the rows, in (0, 1]. Files are sampled by a hash of the record key and `seed`; a
        database by its own random numbers.
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
