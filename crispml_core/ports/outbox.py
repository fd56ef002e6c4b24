"""Messages that wait for the webhook."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from crispml_core.domain.alerts import Delivery, DeliveryStatus


class Outbox(Protocol):
    """Messages that were stored in the transaction of what they tell, until they are delivered."""

    def add(self, deliveries: Sequence[Delivery]) -> None:
        """Store messages that belong to no other transaction."""
        ...

    def due(self, now: datetime, limit: int = 50) -> list[Delivery]:
        """Return pending messages whose next attempt is due, oldest first."""
        ...

    def claim(self, delivery: Delivery, next_attempt_at: datetime) -> Delivery | None:
        """Count one attempt and put off the next one; None when somebody else did it before.

        Whoever dies after it leaves the message for a later attempt.
        """
        ...

    def settle(
        self, delivery: Delivery, status: DeliveryStatus, outcome: str, at: datetime
    ) -> None:
        """Note what an attempt came to; a message that was delivered stays so."""
        ...

    def find(
        self,
        *,
        status: DeliveryStatus | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[Delivery]:
        """Return messages, newest first, older than the message `before`."""
        ...

    def counts(self) -> dict[str, int]:
        """Return how many messages there are, by status."""
        ...
