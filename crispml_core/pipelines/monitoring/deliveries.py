"""Brings messages to the webhook, each at least once."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from crispml_core.domain.alerts import Delivery, DeliveryStatus
from crispml_core.domain.errors import CrispMLError, trace_of
from crispml_core.domain.identifiers import utc_now
from crispml_core.ports.outbox import Outbox
from crispml_core.ports.webhook import Attempt, Webhook

LONGEST_PAUSE_S = 3600.0


class Deliverer:
    """Sends what is due, and looks again, in a thread of its own.

    An attempt is counted before it is made, so whatever happens to the process, the message is due
    again later. Pauses double, from `retry_s` up to an hour, and differ by chance, so that many
    messages do not come at the same moment.

    Parameters
    ----------
    attempts : int
        After so many a message is given up.
    poll_s : float
        Time between two looks.
    on_error : callable
        Told in a sentence about a store that does not answer.
    """

    def __init__(
        self,
        outbox: Outbox,
        webhook: Webhook,
        *,
        retry_s: float = 5.0,
        attempts: int = 20,
        poll_s: float = 1.0,
        on_error: Callable[[str], None] = lambda message: None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._outbox, self._webhook, self._clock = outbox, webhook, clock
        self._retry_s, self._attempts, self._poll_s = retry_s, attempts, poll_s
        self._on_error = on_error
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="webhook", daemon=True)

    def start(self) -> None:
        """Start sending."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the attempt that is being made."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def deliver_due(self) -> int:
        """Try every message that is due once; return how many the receiver took."""
        taken = 0
        for delivery in self._outbox.due(self._clock()):
            if self._stopping.is_set():
                break
            taken += self._try(delivery)
        return taken

    def _try(self, delivery: Delivery) -> bool:
        again_at = self._clock() + timedelta(seconds=self._pause_s(delivery.attempts))
        claimed = self._outbox.claim(delivery, again_at)
        if claimed is None:
            return False
        try:
            attempt = self._webhook.send(claimed)
        except Exception as unforeseen:
            # One message that cannot be sent must not keep the others from being sent.
            attempt = Attempt(
                taken=False, outcome=f"could not be sent ({type(unforeseen).__name__})"
            )
        status = DeliveryStatus.DELIVERED if attempt.taken else DeliveryStatus.PENDING
        if not attempt.taken and claimed.attempts >= self._attempts:
            status = DeliveryStatus.DEAD
        self._outbox.settle(claimed, status, attempt.outcome, self._clock())
        return attempt.taken

    def _pause_s(self, attempts: int) -> float:
        pause = min(self._retry_s * 2.0 ** min(attempts, 30), LONGEST_PAUSE_S)
        return pause * random.uniform(0.8, 1.2)  # noqa: S311  # nothing secret

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                self.deliver_due()
            except CrispMLError as error:
                self._on_error(error.message)
            except Exception as unforeseen:  # the thread goes on; the log has the defect
                self._on_error(f"sending failed: {trace_of(unforeseen)}")
            self._stopping.wait(self._poll_s)
