"""What operators see of a process."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from crispml_core.settings.concern import Concern


class LogSettings(Concern):
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


class TracingSettings(Concern):
    """Traces of requests and runs, for a collector of OpenTelemetry."""

    url: SecretStr = SecretStr("")
    """Address that takes OTLP over HTTP, such as http://collector:4318/v1/traces; empty: none."""

    headers: SecretStr = SecretStr("")
    """Headers for the collector, as name=value pairs separated by commas."""

    ratio: float = Field(default=0.01, ge=0, le=1)
    """Share of the requests that are traced although their caller does not trace them."""

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: SecretStr) -> SecretStr:
        address = value.get_secret_value()
        if address and not address.startswith(("http://", "https://")):
            raise ValueError("give an address that begins with http:// or https://")
        return value

    @field_validator("headers")
    @classmethod
    def _are_pairs(cls, value: SecretStr) -> SecretStr:
        if any("=" not in pair for pair in _parts(value)):
            raise ValueError("give each header as name=value, separated by commas")
        return value

    def parsed_headers(self) -> dict[str, str]:
        """Return the headers by name."""
        pairs = (part.split("=", 1) for part in _parts(self.headers))
        return {name.strip(): value.strip() for name, value in pairs}


def _parts(headers: SecretStr) -> list[str]:
    return [part for part in headers.get_secret_value().split(",") if part.strip()]


class TimingSettings(Concern):
    """What is noted about each call of a method and each group of requests."""

    enabled: bool = True
    """Whether Prometheus, InfluxDB and the log learn of calls; runs keep their times anyway."""

    slow_call_s: float = Field(default=1.0, ge=0)
    """From so many seconds on a call is told in the log with its stages; 0 tells of none."""

    slow_run_s: float = Field(default=600.0, ge=0)
    """The same for a method inside a run, which nobody waits for; 0 tells of none."""


class InfluxSettings(Concern):
    """InfluxDB, which gets the calls of methods and the groups of requests as points."""

    url: str = ""
    """Address of the server; needs the extra `influx`. Nothing is sent when it is empty."""

    token: SecretStr = SecretStr("")
    """Token that may write to the bucket."""

    ca_file: Path | None = None
    """File with the CAs that are trusted, PEM; those of the system without it."""

    org: str = "crispml"
    """Organisation of the bucket."""

    bucket: str = "crispml"
    """Where the points go."""

    queue: int = Field(default=20_000, ge=100, le=1_000_000)
    """Points that may wait in each process; beyond them the oldest are dropped and counted."""

    batch: int = Field(default=2_000, ge=1, le=100_000)
    """Most points of one write."""

    flush_s: float = Field(default=1.0, ge=0.05, le=60)
    """Time between two writes, unless a batch is full before."""

    timeout_s: float = Field(default=2.0, gt=0, le=60)
    """How long one write may take; no call waits for it."""

    @field_validator("ca_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value
