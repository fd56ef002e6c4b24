"""A webhook that cannot be one stops the process at start, with a sentence and no value."""

import pytest

from crispml_core.bootstrap.webhook import build_webhook
from crispml_core.domain.errors import InvalidInput
from crispml_core.settings import CrispMLSettings

SECRET = "a secret that is long enough"


def settings(**monitor):
    return CrispMLSettings.model_validate({"monitor": monitor})


def test_without_an_address_there_is_no_webhook():
    assert build_webhook(settings()) is None


def test_an_address_and_a_secret_make_one():
    assert build_webhook(settings(webhook_url="https://example.com/x", webhook_secret=SECRET))


@pytest.mark.parametrize(
    ("wrong", "setting"),
    [
        ({"webhook_url": "ftp://example.com/token-1234"}, "WEBHOOK_URL"),
        ({"webhook_url": "http://10.0.0.1/token-1234"}, "WEBHOOK_URL"),
        ({"webhook_url": "http://user:token-1234@example.com/"}, "WEBHOOK_URL"),
        ({"webhook_secret": ""}, "WEBHOOK_SECRET"),
        ({"webhook_secret": "token-1234"}, "WEBHOOK_SECRET"),
        ({"webhook_secret": "whsec_token-1234"}, "WEBHOOK_SECRET"),
    ],
)
def test_what_is_wrong_is_named_and_not_repeated(wrong, setting):
    given = {"webhook_url": "https://example.com/", "webhook_secret": SECRET} | wrong
    with pytest.raises(InvalidInput) as refused:
        build_webhook(settings(**given))
    assert f"CRISPML_MONITOR__{setting}" in refused.value.message
    assert "token-1234" not in refused.value.message


def test_a_secret_does_not_show_in_the_settings():
    shown = repr(settings(webhook_url="https://example.com/token-1234", webhook_secret=SECRET))
    assert SECRET not in shown
    assert "token-1234" not in shown


def test_inner_hosts_may_be_named():
    given = {
        "webhook_url": "http://10.0.0.1:9000/hook",
        "webhook_secret": SECRET,
        "webhook_allowed_hosts": "hooks.corp.example, 10.0.0.0/24",
    }
    assert build_webhook(settings(**given))
