"""What all groups of settings have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Concern(BaseModel):
    """One group of settings; the docstring of each field says what it does."""

    model_config = ConfigDict(frozen=True, extra="forbid")
