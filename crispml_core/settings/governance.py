"""What may come into prod, and who is told what rules found."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from crispml_core.settings.concern import Concern


class PromotionSettings(Concern):
    """How versions come into prod."""

    mode: Literal["model", "code"] = "model"
    """What is carried to prod: `model` for versions that qa approved, `code` to train in place."""

    approval: Literal["required", "off"] = "required"
    """`required`: in prod only a version answers that somebody approved who did not train it.
    `off`: whoever may move aliases decides alone."""


class MonitorSettings(Concern):
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
