"""The webhook of a process, and what brings messages to it."""

from __future__ import annotations

import structlog

from crispml_core.adapters.webhook.guard import AddressRefused, check_url
from crispml_core.adapters.webhook.sender import WebhookSender
from crispml_core.domain.errors import InvalidInput
from crispml_core.domain.webhooks import webhook_key
from crispml_core.pipelines.monitoring.deliveries import Deliverer
from crispml_core.ports.outbox import Outbox
from crispml_core.settings import CrispMLSettings

_log = structlog.get_logger("crispml.webhook")


def build_webhook(settings: CrispMLSettings) -> WebhookSender | None:
    """Return the webhook, or None when no address is set.

    Raises
    ------
    InvalidInput
        If the address or the secret cannot be one; the text names the setting and no value.
    """
    monitor = settings.monitor
    url = monitor.webhook_url.get_secret_value()
    if not url:
        return None
    allowed = [host.strip() for host in monitor.webhook_allowed_hosts.split(",") if host.strip()]
    try:
        check_url(url, allowed)
    except AddressRefused as error:
        raise InvalidInput(f"CRISPML_MONITOR__WEBHOOK_URL: {error.message}") from None
    try:
        key = webhook_key(monitor.webhook_secret.get_secret_value())
    except InvalidInput as error:
        raise InvalidInput(f"CRISPML_MONITOR__WEBHOOK_SECRET: {error.message}") from None
    return WebhookSender(url, key, allowed_hosts=allowed, timeout_s=monitor.webhook_timeout_s)


def build_deliverer(settings: CrispMLSettings, outbox: Outbox) -> Deliverer | None:
    """Return what brings messages to the webhook, or None when there is none."""
    webhook = build_webhook(settings)
    if webhook is None:
        return None
    return Deliverer(
        outbox,
        webhook,
        retry_s=settings.monitor.webhook_retry_s,
        attempts=settings.monitor.webhook_attempts,
        on_error=lambda message: _log.warning("outbox_away", error=message),
    )
