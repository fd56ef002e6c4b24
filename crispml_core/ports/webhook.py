"""The receiver of messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from crispml_core.domain.alerts import Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What one attempt to deliver a message came to.

    Parameters
    ----------
    taken : bool
        Whether the receiver took it.
    outcome : str
        What happened, in a sentence; never what the receiver answered.
    """

    taken: bool
    outcome: str


class Webhook(Protocol):
    """Takes messages, each with an id that stays the same."""

    def send(self, delivery: Delivery) -> Attempt:
        """Try to deliver a message once; never raise because of the receiver."""
        ...
