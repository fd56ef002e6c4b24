"""All settings of a process, and how they are read from its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from crispml_core.domain.errors import InvalidInput, did_you_mean
from crispml_core.settings.governance import MonitorSettings, PromotionSettings
from crispml_core.settings.loopback import is_loopback
from crispml_core.settings.retention import RetentionSettings
from crispml_core.settings.security import (
    AuditSettings,
    AuthSettings,
    EncryptionSettings,
    PrivacySettings,
    SigningSettings,
)
from crispml_core.settings.services import (
    BatchSettings,
    ClockSettings,
    ComputeSettings,
    RunSettings,
    ScoringSettings,
    ServerSettings,
)
from crispml_core.settings.stores import DatabaseSettings, JournalSettings, RegistrySettings
from crispml_core.settings.watching import (
    InfluxSettings,
    LogSettings,
    TimingSettings,
    TracingSettings,
)


class CrispMLSettings(BaseSettings):
    """All settings of a CrispML process."""

    model_config = SettingsConfigDict(
        env_prefix="CRISPML_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
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

    auth: AuthSettings = AuthSettings()
    """See `AuthSettings`."""

    audit: AuditSettings = AuditSettings()
    """See `AuditSettings`."""
    encryption: EncryptionSettings = EncryptionSettings()
    """See `EncryptionSettings`."""

    signing: SigningSettings = SigningSettings()
    """See `SigningSettings`."""

    privacy: PrivacySettings = PrivacySettings()
    """See `PrivacySettings`."""

    scoring: ScoringSettings = ScoringSettings()
    """See `ScoringSettings`."""

    journal: JournalSettings = JournalSettings()
    """See `JournalSettings`."""

    runs: RunSettings = RunSettings()
    """See `RunSettings`."""

    batch: BatchSettings = BatchSettings()
    """See `BatchSettings`."""

    compute: ComputeSettings = ComputeSettings()
    """See `ComputeSettings`."""

    clock: ClockSettings = ClockSettings()
    """See `ClockSettings`."""

    promotion: PromotionSettings = PromotionSettings()
    """See `PromotionSettings`."""

    monitor: MonitorSettings = MonitorSettings()
    """See `MonitorSettings`."""

    retention: RetentionSettings = RetentionSettings()
    """See `RetentionSettings`."""

    timing: TimingSettings = TimingSettings()
    """See `TimingSettings`."""

    influx: InfluxSettings = InfluxSettings()
    """See `InfluxSettings`."""

    log: LogSettings = LogSettings()
    """See `LogSettings`."""

    tracing: TracingSettings = TracingSettings()
    """See `TracingSettings`."""

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

    @model_validator(mode="after")
    def _known_authors(self) -> CrispMLSettings:
        if self.signing.mode == "off" and self.environment == "prod":
            raise ValueError("CRISPML_SIGNING__MODE=off is not for the environment prod")
        if self.signing.unsigned_bundles and self.environment != "dev":
            raise ValueError(
                "CRISPML_SIGNING__UNSIGNED_BUNDLES is for the environment dev: unset it"
            )
        return self

    @model_validator(mode="after")
    def _known_callers(self) -> CrispMLSettings:
        host = self.server.host
        if self.auth.mode == "off" and not is_loopback(host) and self.auth.open_address != host:
            raise ValueError(
                "CRISPML_AUTH__MODE=off is for an address that no other machine reaches: "
                "authenticate, or name the address in CRISPML_AUTH__OPEN_ADDRESS too"
            )
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


# Variables of the same prefix that belong to the client, the console and the test suite.
_NOT_SETTINGS = (
    "CRISPML_TRAINING_URL",
    "CRISPML_SCORING_URL",
    "CRISPML_API_KEY",
    "CRISPML_CONSOLE",
    "CRISPML_LOGIN_",
    "CRISPML_CA_FILE",
    "CRISPML_CLIENT_",
    "CRISPML_TEST_",
)


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
