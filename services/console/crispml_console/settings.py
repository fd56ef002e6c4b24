"""Settings of the console, from environment variables; nothing else reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from crispml_core.client import ClientTls

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class ServerSettings(BaseModel):
    """Where the console listens: ``CRISPML_SERVER__...``."""

    host: str = "127.0.0.1"
    """Address that the console listens on."""

    port: int = Field(default=0, ge=0, le=65535)
    """Port; 0 means the default of the console, 8103."""

    tls_cert_file: Path | None = None
    """File with the certificate of the console and its chain, PEM; plain HTTP without it."""

    tls_key_file: Path | None = None
    """File with the key of the certificate, PEM and without a password."""

    shutdown_s: float = Field(default=5.0, ge=0, le=600)
    """How long a stopping console waits for open requests."""

    @field_validator("tls_cert_file", "tls_key_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _whole_tls(self) -> ServerSettings:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("TLS_CERT_FILE and TLS_KEY_FILE go together: set both, or neither")
        return self


class LogSettings(BaseModel):
    """The log on standard output: ``CRISPML_LOG__...``."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least severe level that is written; of libraries never less than warnings."""

    format: Literal["auto", "json", "console"] = "auto"
    """One JSON object per line, or text for people; `auto` means text on a terminal."""


class ConsoleSettings(BaseModel):
    """What the console asks, and how long it lets somebody in: ``CRISPML_CONSOLE__...``."""

    # A misspelt name is refused. The other concerns are shared with services that know more names.
    model_config = ConfigDict(extra="forbid")

    training_url: str = "http://127.0.0.1:8101"
    """Address of the training service."""

    scoring_url: str = "http://127.0.0.1:8102"
    """Address of the scoring service."""

    shown_training_url: str = ""
    """Address of the training service as people reach it, for the commands that the console shows;
    the one that it uses itself without it."""

    shown_scoring_url: str = ""
    """The same for the scoring service."""

    timeout_s: float = Field(default=20.0, gt=0, le=600)
    """Longest silence of a service within one answer."""

    idle_s: float = Field(default=1800.0, ge=10, le=86400)
    """Somebody who has done nothing for so long is signed out."""

    longest_s: float = Field(default=12 * 3600.0, ge=10, le=7 * 86400)
    """Nobody stays signed in for longer."""

    sessions: int = Field(default=500, ge=1, le=100_000)
    """Most people who are signed in at the same time."""

    public_url: str = ""
    """Address that browsers reach the console at, without a path; needed for OpenID, and behind a
    proxy that ends TLS."""

    oidc_issuer: str = ""
    """OpenID provider that people sign in at; only API keys without it."""

    oidc_client_id: str = "crispml-console"
    """What the provider calls the console."""

    oidc_client_secret: SecretStr = SecretStr("")
    """For a confidential client; a public one has PKCE alone."""

    oidc_scope: str = "openid"
    """What is asked for."""

    oidc_name: str = "single sign-on"
    """How the button calls the provider."""

    @model_validator(mode="after")
    def _comes_back(self) -> ConsoleSettings:
        if self.oidc_issuer and not self.public_url:
            raise ValueError("OIDC_ISSUER needs PUBLIC_URL: the provider sends browsers back there")
        return self


class Settings(BaseSettings):
    """All settings of the console.

    ``CRISPML_CA_FILE``, ``CRISPML_CLIENT_CERT_FILE`` and ``CRISPML_CLIENT_KEY_FILE`` are those of
    every client of the services.
    """

    model_config = SettingsConfigDict(
        env_prefix="CRISPML_", env_nested_delimiter="__", extra="ignore"
    )

    server: ServerSettings = ServerSettings()
    log: LogSettings = LogSettings()
    console: ConsoleSettings = ConsoleSettings()
    ca_file: Path | None = None
    client_cert_file: Path | None = None
    client_key_file: Path | None = None

    @property
    def tls(self) -> ClientTls | None:
        """What the client trusts besides the CAs of the system, and how it says who it is."""
        if self.ca_file is None and self.client_cert_file is None:
            return None
        return ClientTls(self.ca_file, self.client_cert_file, self.client_key_file)

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the console by TLS, its own or that of a proxy."""
        is_own = self.server.tls_cert_file is not None
        return is_own or self.console.public_url.startswith("https://")
