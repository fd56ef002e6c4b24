"""A look at the source of a use case before anything is read from it, for its author and a DBA."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crispml_core.adapters.sources import build_source
from crispml_core.adapters.sources.sql.profile import profile_source
from crispml_core.adapters.sources.sql.source import SqlRecordSource
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.sources import Selection, Statement
from crispml_core.domain.use_case import UseCase


def explain(
    use_case: UseCase, selection: Selection, connections: Mapping[str, str] | None = None
) -> Statement:
    """Return what the database is asked for; raise `InvalidInput` if there is none.

    Parameters
    ----------
    connections : mapping, optional
        SQLAlchemy URLs by name, for a source that names a connection.
    """
    return _sql_source(use_case, connections).explain(selection)


def profile(
    use_case: UseCase, selection: Selection, connections: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return what the database says about the columns; see `profile_source`."""
    return profile_source(_sql_source(use_case, connections), use_case, selection)


def _sql_source(use_case: UseCase, connections: Mapping[str, str] | None) -> SqlRecordSource:
    source = build_source(use_case, connections or {})
    if not isinstance(source, SqlRecordSource):
        raise InvalidInput(
            f"use case {use_case.name} reads no database; ingest its source and look at the "
            "profile of the data set"
        )
    return source
