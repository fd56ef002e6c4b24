import base64

import pytest

from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.webhooks import REPLAY_WINDOW_S, signature, verify, webhook_key

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
NOW = 1_700_000_000


def headers(body, message_id="m1", timestamp=NOW, secret=SECRET):
    signed = signature(webhook_key(secret), message_id, timestamp, body)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signed,
    }


def test_the_known_answer_of_the_specification():
    """The example of the Standard Webhooks specification."""
    key = webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_message_is_known_by_its_signature():
    assert verify(headers(b"{}"), b"{}", SECRET, NOW)
    assert not verify(headers(b"{}"), b"{ }", SECRET, NOW)
    assert not verify(headers(b"{}") | {"webhook-id": "m2"}, b"{}", SECRET, NOW)
    assert not verify(headers(b"{}", secret="x" * 24), b"{}", SECRET, NOW)
    assert not verify({}, b"{}", SECRET, NOW)
    assert not verify(headers(b"{}") | {"webhook-timestamp": "9" * 400}, b"{}", SECRET, NOW)
    assert not verify(headers(b"{}") | {"webhook-timestamp": "9" * 5000}, b"{}", SECRET, NOW)


def test_one_of_several_signatures_is_enough():
    """While a secret is exchanged, a message carries the signature of both."""
    both = headers(b"{}")
    both["webhook-signature"] = f"v1,other {both['webhook-signature']}"
    assert verify(both, b"{}", SECRET, NOW)


@pytest.mark.parametrize("late", [REPLAY_WINDOW_S + 1, -REPLAY_WINDOW_S - 1])
def test_an_old_message_is_not_taken_again(late):
    assert verify(headers(b"{}"), b"{}", SECRET, NOW + REPLAY_WINDOW_S)
    assert not verify(headers(b"{}"), b"{}", SECRET, NOW + late)


@pytest.mark.parametrize("broken", ["whsec_not base64", "short", "whsec_c2hvcnQ="])
def test_a_broken_secret_is_refused_and_not_repeated(broken):
    with pytest.raises(InvalidInput, match="secret") as refused:
        webhook_key(broken)
    assert broken not in refused.value.message
