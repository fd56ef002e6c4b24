"""What operators see of a process."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

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
