"""Typed settings, read once from the environment by whoever starts a process.

Every setting is ``CRISPML_<CONCERN>__<FIELD>``, for example ``CRISPML_DATABASE__URL``. This is the
only module that reads environment variables. ``.env.example`` lists all of them; a test keeps it
and the README true.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from crispml_core.domain.errors import InvalidInput, did_you_mean


class _Concern(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class DatabaseSettings(_Concern):
    """The database of runs, aliases, scores, labels and reports."""

    url: SecretStr = SecretStr("sqlite:///.crispml/crispml.db")
    """SQLAlchemy URL of the database."""

    busy_timeout_s: float = Field(default=10.0, gt=0, le=300)
    """How long a statement waits for a lock before it fails."""


class RegistrySettings(_Concern):
    """The volume of data sets, artefacts and model versions."""

    path: Path = Path(".crispml/registry")
    """Folder of the registry; mounted read-only into scoring."""


class ServerSettings(_Concern):
    """The HTTP server of a service."""

    host: str = "127.0.0.1"
    """Address that the service listens on."""

    port: int = Field(default=0, ge=0, le=65535)
    """Port; 0 means the default of the service: 8101 for training, 8102 for scoring."""

    max_body_bytes: int = Field(default=32 * 1024**2, ge=1024)
    """Largest JSON request body."""

    max_upload_bytes: int = Field(default=8 * 1024**3, ge=1024)
    """Largest body of CSV, NDJSON, Parquet or Arrow, also decompressed."""

    max_records: int = Field(default=100_000, ge=1)
    """Most records or labels in one JSON request."""

    max_batch_rows: int = Field(default=20_000_000, ge=1)
    """Most records or labels in one request of NDJSON, CSV, Parquet or Arrow."""

    body_timeout_s: float = Field(default=60.0, gt=0, le=3600)
    """How long the service waits for a body, and a second more for every 64 KiB that came."""

    max_wait_s: float = Field(default=300.0, ge=0, le=3600)
    """Longest time that `Prefer: wait` keeps a request open."""

    workers: int = Field(default=1, ge=1, le=64)
    """Processes of one scoring service that share its port; training always has one."""

    shutdown_s: float = Field(default=20.0, ge=0, le=600)
    """How long a stopping service waits for open requests."""


class ScoringSettings(_Concern):
    """The path from a record to its durable score."""

    queue: int = Field(default=4096, ge=1)
    """Requests that may wait for their commit; beyond them the answer is 503 with `Retry-After`."""

    deadline_s: float = Field(default=30.0, gt=0, le=600)
    """How long a request may wait for its commit."""

    commit_timeout_s: float = Field(default=2.0, gt=0, le=300)
    """How long a commit waits for a locked database before it goes to the journal."""

    models_bytes: int = Field(default=1024**3, ge=1024)
    """How much the loaded model versions may weigh; those that no alias names are dropped first."""

    report_rows: int = Field(default=5_000_000, ge=1)
    """Most scores of one report, replay or challenge; a million take up to a GiB of memory."""


class JournalSettings(_Concern):
    """Where scores go while the database is away."""

    path: Path = Path(".crispml/journal")
    """Folder of the journals, on a volume that outlives the process; each process has its own."""

    retry_s: float = Field(default=0.5, gt=0, le=60)
    """Time between two attempts to bring the journal into the database."""


class RunSettings(_Concern):
    """The queue of runs and its worker processes."""

    workers: int = Field(default=1, ge=1, le=64)
    """Runs that one training service executes at the same time, each in a process of its own."""

    lease_s: float = Field(default=15.0, ge=1, le=3600)
    """How long a run stays owned without a heartbeat; after that anybody may fail it."""

    heartbeat_s: float = Field(default=3.0, ge=0.1, le=600)
    """Time between two heartbeats; at most half of `lease_s`."""

    poll_s: float = Field(default=0.2, ge=0.02, le=60)
    """Time between two looks into an empty queue."""

    timeout_s: float = Field(default=3600.0, ge=1)
    """How long a run may take unless its request says otherwise."""

    @model_validator(mode="after")
    def _beats_in_time(self) -> RunSettings:
        # One heartbeat may get lost without the run.
        if self.heartbeat_s > self.lease_s / 2:
            raise ValueError("HEARTBEAT_S must be at most half of LEASE_S")
        return self


class BatchSettings(_Concern):
    """Very large batches, which the scoring service executes as runs."""

    path: Path = Path(".crispml/batches")
    """Folder below which sources and sinks lie, on a volume that outlives the process."""

    workers: int = Field(default=1, ge=1, le=16)
    """Batches that one scoring process executes at the same time, each in a process of its own."""

    chunk_rows: int = Field(default=65_536, ge=1, le=1_000_000)
    """Records that are scored and committed together, unless the request says otherwise."""


class ClockSettings(_Concern):
    """The clock, which demos and tests move through months."""

    file: Path | None = None
    """File with the seconds that the clock is ahead; refused outside of the environment `dev`."""

    @field_validator("file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value


class PromotionSettings(_Concern):
    """How versions come into prod."""

    mode: Literal["model", "code"] = "model"
    """What is carried to prod: `model` for versions that qa approved, `code` to train in place."""


class MonitorSettings(_Concern):
    """Messages about what the rules of use cases found."""

    webhook_url: SecretStr = SecretStr("")
    """Address that gets a signed message about every alert and action; none when it is empty."""

    webhook_secret: SecretStr = SecretStr("")
    """Signs the messages: `whsec_` and base64, or another text; at least 24 bytes."""

    webhook_allowed_hosts: str = ""
    """Hosts and networks, separated by commas, that may be called although they are not public."""

    webhook_timeout_s: float = Field(default=10.0, gt=0, le=120)
    """How long one attempt may take as a whole."""

    webhook_retry_s: float = Field(default=5.0, gt=0, le=3600)
    """Pause after the first attempt that failed; it doubles each time, up to an hour."""

    webhook_attempts: int = Field(default=20, ge=1, le=1000)
    """After so many attempts a message is given up."""


class LogSettings(_Concern):
    """The log on standard output, and in a file where one is wanted."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least severe level that is written; of libraries never less than warnings."""

    format: Literal["auto", "json", "console"] = "auto"
    """One JSON object per line, or text for people; `auto` means text on a terminal."""

    file: Path | None = None
    """File that gets the same entries as JSON; all processes of a service may share it."""

    file_bytes: int = Field(default=10_000_000, ge=100_000)
    """Size at which the file is turned over."""

    file_count: int = Field(default=5, ge=1, le=1000)
    """How many full files are kept."""

    @field_validator("file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value


class CrispMLSettings(BaseSettings):
    """All settings of a CrispML process."""

    model_config = SettingsConfigDict(
        env_prefix="CRISPML_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
    )

    environment: Literal["dev", "qa", "prod"] = "dev"
    """Name of the environment: its own database, registry and aliases."""

    use_cases: Annotated[tuple[str, ...], NoDecode] = ()
    """Use cases to load, separated by commas: `package.module:name`, `file.py:name`, `file.yaml`.
    The entry point group `crispml.use_cases` is always loaded too."""

    connections: dict[str, SecretStr] = Field(default_factory=dict)
    """SQLAlchemy URLs of data sources by name, as a JSON object; a use case names one of them."""

    database: DatabaseSettings = DatabaseSettings()
    """See `DatabaseSettings`."""

    registry: RegistrySettings = RegistrySettings()
    """See `RegistrySettings`."""

    server: ServerSettings = ServerSettings()
    """See `ServerSettings`."""

    scoring: ScoringSettings = ScoringSettings()
    """See `ScoringSettings`."""

    journal: JournalSettings = JournalSettings()
    """See `JournalSettings`."""

    runs: RunSettings = RunSettings()
    """See `RunSettings`."""

    batch: BatchSettings = BatchSettings()
    """See `BatchSettings`."""

    clock: ClockSettings = ClockSettings()
    """See `ClockSettings`."""

    promotion: PromotionSettings = PromotionSettings()
    """See `PromotionSettings`."""

    monitor: MonitorSettings = MonitorSettings()
    """See `MonitorSettings`."""

    log: LogSettings = LogSettings()
    """See `LogSettings`."""

    @field_validator("use_cases", mode="before")
    @classmethod
    def _split_references(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @model_validator(mode="after")
    def _true_time(self) -> CrispMLSettings:
        if self.clock.file is not None and self.environment != "dev":
            raise ValueError("CRISPML_CLOCK__FILE is for the environment dev: unset it")
        return self


def load_settings() -> CrispMLSettings:
    """Read the settings from the environment.

    Raises
    ------
    InvalidInput
        If a setting is unknown or wrong; the text names each of them and never shows a value.
    """
    _refuse_unknown(os.environ)
    try:
        return CrispMLSettings()
    except ValidationError as error:
        findings = "; ".join(
            f"CRISPML_{'__'.join(str(part) for part in finding['loc']).upper()}: {finding['msg']}"
            for finding in error.errors(include_input=False, include_url=False)
        )
        raise InvalidInput(f"settings: {findings}") from None
    except SettingsError:
        raise InvalidInput(
            "settings: CRISPML_CONNECTIONS or a whole concern is not a JSON object"
        ) from None


def child_environment(**more: str) -> dict[str, str]:
    """Return the environment of this process for one that it starts, with more variables."""
    return {**os.environ, **more}


# Variables of the same prefix that belong to the client and to the test suite.
_NOT_SETTINGS = ("CRISPML_TRAINING_URL", "CRISPML_SCORING_URL", "CRISPML_TEST_")


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    """Refuse a misspelt concern, which pydantic-settings would pass over in silence."""
    known = [f"CRISPML_{name.upper()}" for name in CrispMLSettings.model_fields]
    for variable in environment:
        concern = variable.upper().split("__")[0]
        if not concern.startswith("CRISPML_") or concern.startswith(_NOT_SETTINGS):
            continue
        if concern not in known:
            guess = did_you_mean(concern, known)
            raise InvalidInput(f"settings: {concern} is not a setting{guess}")
