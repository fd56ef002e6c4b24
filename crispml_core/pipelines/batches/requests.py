"""What a request for a batch may say, checked before a run is queued."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crispml_core.domain.batches import MAX_CHUNK_ROWS
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.use_case import UseCase
from crispml_core.ports.batch_store import BatchStore
from crispml_core.ports.source import RecordSource

OpenQuery = Callable[[UseCase, str, str], RecordSource]
"""From a use case, a query and the name of a connection to what the query selects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchJob:
    """Which records a batch reads, where its scores go, and who answers.

    Parameters
    ----------
    parquet : str or None
        Name of a Parquet file, or of a folder of them.
    query, connection : str or None
        A SELECT and the connection it runs through, instead of `parquet`.
    sink : str
        Name of the folder that the scores become.
    version : str
        The version that answers every record, however often the run is taken up again.
    alias : str or None
        The alias that meant the version when the request was accepted.
    fallback : bool
        Whether the version answers in place of the one that the alias names.
    """

    parquet: str | None = None
    query: str | None = None
    connection: str | None = None
    sink: str
    chunk_rows: int
    version: str
    alias: str | None = None
    fallback: bool = False

    @property
    def exclusive_key(self) -> str:
        """What only one live run may hold: two of them cannot fill the same sink."""
        return f"batch:{hashlib.sha256(self.sink.encode()).hexdigest()}"

    def parameters(self) -> dict[str, Any]:
        """Return the job as the parameters of a run."""
        sql = {"query": self.query, "connection": self.connection}
        return {
            "source": {"sql": sql} if self.parquet is None else {"parquet": self.parquet},
            "sink": {"parquet": self.sink},
            "chunk_rows": self.chunk_rows,
            "model_version": self.version,
            "alias": self.alias,
            "fallback": self.fallback,
        }

    @classmethod
    def of(cls, parameters: dict[str, Any]) -> BatchJob:
        """Return the job that `parameters` wrote down."""
        source = parameters["source"]
        sql = source.get("sql", {})
        return cls(
            parquet=source.get("parquet"),
            query=sql.get("query"),
            connection=sql.get("connection"),
            sink=parameters["sink"]["parquet"],
            chunk_rows=parameters["chunk_rows"],
            version=parameters["model_version"],
            alias=parameters["alias"],
            fallback=parameters["fallback"],
        )


def check_batch(use_case: UseCase, job: BatchJob, store: BatchStore, open_query: OpenQuery) -> None:
    """Refuse what can be known to be wrong before a run begins.

    Raises
    ------
    Conflict
        If something lies in the sink already.
    InvalidInput
        If the source or the sink cannot be one.
    InvalidRecords
        If the columns of a Parquet source are not those of the record schema.
    """
    from crispml_core.tables.batch_check import BatchCheck

    if not 1 <= job.chunk_rows <= MAX_CHUNK_ROWS:
        raise InvalidInput(f"chunk_rows must be between 1 and {MAX_CHUNK_ROWS}")
    store.check_sink(job.sink)
    if job.parquet is not None:
        names = store.open_source(job.parquet).names
        BatchCheck(use_case.schema, use_case.target.name).names(names).raise_if_any()
    elif job.query is not None and job.connection is not None:
        open_query(use_case, job.query, job.connection)
    else:
        raise InvalidInput("source must have parquet, or sql with query and connection")
