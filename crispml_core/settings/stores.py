"""What keeps things: database, volumes, the journal."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from crispml_core.settings.concern import Concern


class DatabaseSettings(Concern):
    """The database of runs, aliases, scores, labels and reports."""

    url: SecretStr = SecretStr("sqlite:///.crispml/crispml.db")
    """SQLAlchemy URL of the database."""

    busy_timeout_s: float = Field(default=10.0, gt=0, le=300)
    """How long a statement waits for a lock before it fails."""


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
