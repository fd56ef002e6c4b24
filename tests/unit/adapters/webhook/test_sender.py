import json
import time
from datetime import UTC, datetime

import pytest

from crispml_core.adapters.webhook.sender import WebhookSender
from crispml_core.domain.alerts import Delivery
from crispml_core.domain.webhooks import verify, webhook_key

SECRET = "s" * 32
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def a_message(**data):
    return Delivery(
        id="0197-message",
        use_case="toy",
        type="com.crispml.alert.firing.v1",
        created_at=NOW,
        event={"specversion": "1.0", "id": "0197-message", "data": {"summary": "ä"} | data},
        next_attempt_at=NOW,
    )


def sender(url, allowed=("127.0.0.1",), **options):
    return WebhookSender(url, webhook_key(SECRET), allowed_hosts=allowed, **options)


def test_a_message_comes_signed_and_with_its_id(receiver):
    attempt = sender(receiver.url + "/hook?room=1").send(a_message())

    assert (attempt.taken, attempt.outcome) == (True, "answered 204")
    ((headers, body, path),) = receiver.requests
    assert path == "/hook?room=1"
    assert headers["webhook-id"] == "0197-message"
    assert headers["content-type"] == "application/cloudevents+json"
    assert headers["host"] == receiver.url.removeprefix("http://")
    assert verify(headers, body, SECRET, time.time())
    assert json.loads(body) == a_message().event


def test_a_name_is_called_at_its_address_and_under_its_name(receiver):
    port = receiver.url.rsplit(":", 1)[1]
    calls = sender(
        f"http://hooks.corp.example:{port}/",
        allowed=("hooks.corp.example",),
        resolve=lambda host, port: ["127.0.0.1"],
    )
    assert calls.send(a_message()).taken
    assert receiver.requests[0][0]["host"] == f"hooks.corp.example:{port}"


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254"])
def test_a_name_that_means_an_inner_address_is_not_called(receiver, address):
    port = receiver.url.rsplit(":", 1)[1]
    calls = sender(
        f"http://hooks.example.com:{port}/", allowed=(), resolve=lambda host, port: [address]
    )
    attempt = calls.send(a_message())
    assert not attempt.taken
    assert "CRISPML_MONITOR__WEBHOOK_ALLOWED_HOSTS" in attempt.outcome
    assert receiver.requests == []


def test_a_redirect_is_not_followed(receiver):
    receiver.answers = [307]
    attempt = sender(receiver.url).send(a_message())
    assert (attempt.taken, attempt.outcome) == (False, "answered 307; redirects are not followed")
    assert len(receiver.requests) == 1


def test_what_the_receiver_says_is_not_kept(receiver):
    receiver.answers = [500]
    attempt = sender(receiver.url).send(a_message())
    assert (attempt.taken, attempt.outcome) == (False, "answered 500")


def test_a_receiver_that_never_ends_its_answer_is_left(receiver):
    receiver.answers = ["drip"]
    attempt = sender(receiver.url, timeout_s=0.5).send(a_message())
    assert (attempt.taken, attempt.outcome) == (False, "no answer within 0.5 s")


def test_no_receiver_is_an_answer_too(receiver):
    receiver.close()
    attempt = sender(receiver.url).send(a_message())
    assert not attempt.taken
    assert attempt.outcome.startswith("no connection")


def test_a_proxy_of_the_environment_is_not_asked(receiver, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert sender(receiver.url).send(a_message()).taken
