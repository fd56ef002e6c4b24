"""Chooses the reader for the source that a use case declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from crispml_core.adapters.sources.csv import CsvRecordSource
from crispml_core.adapters.sources.custom import CustomRecordSource
from crispml_core.adapters.sources.parquet import ParquetRecordSource
from crispml_core.adapters.sources.sql.source import SqlRecordSource
from crispml_core.domain.errors import InvalidInput, UnsupportedContent, UseCaseError
from crispml_core.domain.sources import CsvSource, ParquetSource, SqlSource
from crispml_core.domain.use_case import UseCase
from crispml_core.ports.source import RecordSource


def build_source(
    use_case: UseCase,
    connections: Mapping[str, str],
    path_override: str | Path | None = None,
) -> RecordSource:
    """Return the reader of a use case's source.

    Parameters
    ----------
    use_case : UseCase
        Declares the source, and the fields that a filter and a sample need.
    connections : mapping of str to str
        SQLAlchemy URLs by name, from the setting ``CRISPML_CONNECTIONS``.
    path_override : str or Path, optional
        A file to read instead, an upload for example; ``.csv`` or ``.parquet``. A CSV file is read
        with the delimiter and the missing texts of the use case if it declares a CSV source.

    Raises
    ------
    InvalidInput
        If a connection is unknown or its URL cannot be used.
    UnsupportedContent
        If the suffix of `path_override` is another one.
    UseCaseError
        If the source is neither a declaration nor an object with ``read``.
    """
    declaration = use_case.source
    if path_override is not None:
        declaration = _declare(Path(path_override), declaration)
    match declaration:
        case CsvSource():
            return CsvRecordSource(use_case, declaration)
        case ParquetSource():
            return ParquetRecordSource(use_case, declaration)
        case SqlSource():
            return SqlRecordSource(use_case, declaration, _url(use_case, declaration, connections))
    if not callable(getattr(declaration, "read", None)):
        reason = "must be a CsvSource, a ParquetSource, a SqlSource or an object with a method read"
        raise UseCaseError(use_case.name, "source", reason)
    return CustomRecordSource(use_case.name, declaration)


def _declare(path: Path, declared: object) -> CsvSource | ParquetSource:
    match path.suffix:
        case ".parquet":
            return ParquetSource(str(path))
        case ".csv" if isinstance(declared, CsvSource):
            return replace(declared, path=str(path))
        case ".csv":
            return CsvSource(str(path))
    raise UnsupportedContent("a file to ingest must end in .csv or .parquet")


def _url(use_case: UseCase, declaration: SqlSource, connections: Mapping[str, str]) -> str:
    if declaration.url:
        return declaration.url
    if declaration.connection not in connections:
        known = ", ".join(sorted(connections)) or "none"
        raise InvalidInput(
            f"use case {use_case.name} reads the connection {declaration.connection}, which the "
            f"setting CRISPML_CONNECTIONS does not have; known: {known}"
        )
    return connections[declaration.connection]
