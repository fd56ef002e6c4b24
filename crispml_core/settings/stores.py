"""What keeps things: database, volumes, the journal."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, model_validator

from crispml_core.settings.concern import Concern


class DatabaseSettings(Concern):
    """The database of runs, aliases, scores, labels and reports."""

    url: SecretStr = SecretStr("sqlite:///.crispml/crispml.db")
    """SQLAlchemy URL of the database."""

    busy_timeout_s: float = Field(default=10.0, gt=0, le=300)
    """How long a statement waits for a lock before it fails."""

    pool_size: int = Field(default=5, ge=1, le=200)
    """Connections that a process keeps for its requests, beside a few for other purposes."""

    pool_overflow: int = Field(default=5, ge=0, le=200)
    """Connections for requests that may be opened besides, and are closed when they are idle."""

    pool_timeout_s: float = Field(default=5.0, gt=0, le=300)
    """How long a request waits for a connection before it is answered with 503."""

    pool_recycle_s: float = Field(default=1800.0, ge=1)
    """A connection that is so old is replaced before its next use."""

    pre_ping: bool = True
    """Whether a connection is tried out each time before a request uses it."""

    connect_timeout_s: float = Field(default=5.0, ge=2, le=300)
    """How long to wait for a new connection."""

    statement_timeout_s: float = Field(default=60.0, gt=0, le=86_400)
    """How long a statement may take, and how long a server that says nothing is waited for."""

    retry_s: float = Field(default=3.0, ge=0, le=300)
    """For how long what a lost connection or a deadlock undid is tried again."""

    start_wait_s: float = Field(default=0.0, ge=0, le=3600)
    """How long a starting service waits for a database that does not answer or is not upgraded."""

    @model_validator(mode="after")
    def _locks_in_time(self) -> DatabaseSettings:
        if self.busy_timeout_s > self.statement_timeout_s:
            raise ValueError(
                "BUSY_TIMEOUT_S must be at most STATEMENT_TIMEOUT_S, which ends the wait for a "
                "lock too"
            )
        return self


class RegistrySettings(Concern):
    """The volume of data sets, artefacts and model versions."""

    path: Path = Path(".crispml/registry")
    """Folder of the registry; mounted read-only into scoring."""


class JournalSettings(Concern):
    """Where scores go while the database is away."""

    path: Path = Path(".crispml/journal")
    """Folder of the journals, on a volume that outlives the process; each process has its own."""

    retry_s: float = Field(default=0.5, gt=0, le=60)
    """Time between two attempts to bring the journal into the database."""

    owner: str = Field(default="", pattern=r"^([A-Za-z0-9][A-Za-z0-9_-]{0,62})?$")
    """Whose journals these are on a volume that machines share, for example the UID of a pod;
    empty where the folder is of one machine."""

    lease_s: float = Field(default=60.0, ge=1, le=3600)
    """How long a process of a shared folder may be silent before another takes its journal over."""

    drain_s: float = Field(default=10.0, ge=0, le=600)
    """How long a stopping process tries to bring its journal into the database."""
