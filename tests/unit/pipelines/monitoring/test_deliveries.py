"""Messages are brought at least once, later and later, and given up at last."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crispml_core.domain.alerts import Delivery, DeliveryStatus
from crispml_core.domain.errors import StoreUnavailable
from crispml_core.pipelines.monitoring.deliveries import LONGEST_PAUSE_S, Deliverer
from crispml_core.ports.webhook import Attempt
from crispml_core.testing.fakes.outbox import FakeOutbox


class Clock:
    now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self):
        return self.now


class Webhook:
    """Answers in order, the last one again and again."""

    def __init__(self, *answers):
        self.answers, self.sent = list(answers), []

    def send(self, delivery):
        self.sent.append(delivery.id)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return Attempt(taken=answer, outcome="answered 204" if answer else "answered 500")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def outbox(clock):
    box = FakeOutbox()
    box.add(
        [
            Delivery(
                id="m1",
                use_case="toy",
                type="t",
                created_at=clock.now,
                event={},
                next_attempt_at=clock.now,
            )
        ]
    )
    return box


def test_a_message_that_is_not_taken_comes_again_later(outbox, clock):
    webhook = Webhook(False, True)
    deliverer = Deliverer(outbox, webhook, retry_s=10, clock=clock)

    assert deliverer.deliver_due() == 0
    assert deliverer.deliver_due() == 0  # not due yet
    assert webhook.sent == ["m1"]
    clock.now += timedelta(seconds=12)
    assert deliverer.deliver_due() == 1
    clock.now += timedelta(days=1)
    assert deliverer.deliver_due() == 0

    (message,) = outbox.find()
    assert (message.status, message.attempts) == (DeliveryStatus.DELIVERED, 2)
    assert message.delivered_at == clock.now - timedelta(days=1)
    assert webhook.sent == ["m1", "m1"]


def test_pauses_double_up_to_an_hour_and_then_the_message_is_given_up(outbox, clock):
    deliverer = Deliverer(outbox, Webhook(False), retry_s=10, attempts=15, clock=clock)
    pauses = []
    for _ in range(15):
        deliverer.deliver_due()
        (message,) = outbox.find()
        pauses.append((message.next_attempt_at - clock.now).total_seconds())
        clock.now = message.next_attempt_at
    for number, pause in enumerate(pauses):
        expected = min(10 * 2**number, LONGEST_PAUSE_S)
        assert 0.8 * expected <= pause <= 1.2 * expected
    (message,) = outbox.find(status=DeliveryStatus.DEAD)
    assert (message.attempts, message.outcome) == (15, "answered 500")
    assert deliverer.deliver_due() == 0


def test_a_process_that_dies_while_it_sends_leaves_the_message_for_the_next(outbox, clock):
    with pytest.raises(KeyboardInterrupt):
        Deliverer(outbox, Webhook(KeyboardInterrupt()), retry_s=10, clock=clock).deliver_due()
    clock.now += timedelta(seconds=12)
    webhook = Webhook(True)
    assert Deliverer(outbox, webhook, clock=clock).deliver_due() == 1
    assert webhook.sent == ["m1"]


def test_a_message_that_cannot_be_sent_does_not_keep_the_others(outbox, clock):
    (first,) = outbox.find()
    outbox.add([replace(first, id="m2")])
    webhook = Webhook(RuntimeError("a defect"), True)
    assert Deliverer(outbox, webhook, clock=clock).deliver_due() == 1
    assert webhook.sent == ["m1", "m2"]
    (left,) = outbox.find(status=DeliveryStatus.PENDING)
    assert (left.id, left.outcome) == ("m1", "could not be sent (RuntimeError)")


def test_the_thread_survives_a_database_that_is_away(outbox, clock):
    said, due = [], outbox.due

    def away(*args, **options):
        outbox.due = due
        raise StoreUnavailable("the database is away")

    outbox.due = away
    deliverer = Deliverer(outbox, Webhook(True), poll_s=0.01, clock=clock, on_error=said.append)
    deliverer.start()
    while not outbox.find(status=DeliveryStatus.DELIVERED):
        time.sleep(0.01)
    deliverer.stop()
    assert said == ["the database is away"]


def test_two_processes_do_not_send_the_same_attempt(outbox, clock):
    """Both saw the message; the one that counted the attempt first sends it."""
    webhook = Webhook(True)
    (seen,) = outbox.due(clock.now)
    assert outbox.claim(seen, clock.now + timedelta(seconds=5)) is not None
    other = Deliverer(outbox, webhook, clock=clock)
    assert other._try(seen) is False
    assert webhook.sent == []


def test_the_thread_sends_until_it_is_stopped(outbox, clock):
    webhook = Webhook(True)
    deliverer = Deliverer(outbox, webhook, poll_s=0.01, clock=clock)
    deliverer.start()
    while not outbox.find(status=DeliveryStatus.DELIVERED):
        time.sleep(0.01)
    deliverer.stop()
    assert webhook.sent == ["m1"]
