"""Messages for the webhook in memory."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from crispml_core.domain.alerts import Delivery, DeliveryStatus


class FakeOutbox:
    """Messages by id."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, Delivery] = {}

    def add(self, deliveries: Sequence[Delivery]) -> None:
        """Store messages that belong to no other transaction."""
        with self._lock:
            self._kept |= {delivery.id: delivery for delivery in deliveries}

    def due(self, now: datetime, limit: int = 50) -> list[Delivery]:
        """Return pending messages whose next attempt is due, oldest first."""
        pending = (one for one in self._kept.values() if one.status is DeliveryStatus.PENDING)
        due = [delivery for delivery in pending if delivery.next_attempt_at <= now]
        return sorted(due, key=lambda delivery: delivery.id)[:limit]

    def claim(self, delivery: Delivery, next_attempt_at: datetime) -> Delivery | None:
        """Count one attempt and put off the next one; None when somebody else did it before."""
        with self._lock:
            kept = self._kept[delivery.id]
            if kept.status is not DeliveryStatus.PENDING or kept.attempts != delivery.attempts:
                return None
            taken = replace(kept, attempts=kept.attempts + 1, next_attempt_at=next_attempt_at)
            self._kept[delivery.id] = taken
            return taken

    def settle(
        self, delivery: Delivery, status: DeliveryStatus, outcome: str, at: datetime
    ) -> None:
        """Note what an attempt came to; a message that was delivered stays so."""
        with self._lock:
            kept = self._kept[delivery.id]
            if kept.status is DeliveryStatus.DELIVERED:
                return
            delivered_at = at if status is DeliveryStatus.DELIVERED else None
            self._kept[delivery.id] = replace(
                kept, status=status, outcome=outcome, delivered_at=delivered_at
            )

    def find(
        self,
        *,
        status: DeliveryStatus | None = None,
        limit: int = 50,
        before: str | None = None,
    ) -> list[Delivery]:
        """Return messages, newest first, older than the message `before`."""
        found = [
            one
            for one in self._kept.values()
            if status in (None, one.status) and (before is None or one.id < before)
        ]
        return sorted(found, key=lambda delivery: delivery.id, reverse=True)[:limit]

    def counts(self) -> dict[str, int]:
        """Return how many messages there are, by status."""
        return dict(Counter(str(delivery.status) for delivery in self._kept.values()))
