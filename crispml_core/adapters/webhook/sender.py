"""One signed POST to a webhook, bounded in time and in what is read of the answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import httpx
import msgspec

from crispml_core.adapters.webhook.guard import AddressRefused, Resolve, resolved
from crispml_core.domain.alerts import Delivery
from crispml_core.domain.webhooks import ID_HEADER, SIGNATURE_HEADER, TIME_HEADER, signature
from crispml_core.ports.webhook import Attempt


class WebhookSender:
    """Sends messages to one address.

    The connection goes to the address that was looked at, with the name of the host for TLS and
    for the receiver. No redirect is followed, no proxy of the environment is asked, and nothing of
    the body of an answer is read.

    Parameters
    ----------
    url : str
        Where to.
    key : bytes
        Signs every message, see `crispml_core.domain.webhooks.webhook_key`.
    allowed_hosts : sequence of str
        See `crispml_core.adapters.webhook.guard.resolved`.
    timeout_s : float
        How long one attempt may take as a whole.
    clock : callable
        Seconds since 1970. The receiver compares them to its own clock, so they are real ones.
    """

    def __init__(
        self,
        url: str,
        key: bytes,
        *,
        allowed_hosts: Sequence[str] = (),
        timeout_s: float = 10.0,
        clock: Callable[[], float] = time.time,
        resolve: Resolve | None = None,
    ) -> None:
        self._url, self._key, self._allowed = url, key, tuple(allowed_hosts)
        self._timeout_s, self._clock, self._resolve = timeout_s, clock, resolve

    def send(self, delivery: Delivery) -> Attempt:
        """Try once; every failure is an answer, and none holds what the receiver said."""
        try:
            status = asyncio.run(self._post(delivery))
        except AddressRefused as error:
            return Attempt(taken=False, outcome=error.message)
        except TimeoutError:
            return Attempt(taken=False, outcome=f"no answer within {self._timeout_s:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            return Attempt(taken=False, outcome=f"no connection ({type(error).__name__})")
        if 300 <= status < 400:
            return Attempt(taken=False, outcome=f"answered {status}; redirects are not followed")
        return Attempt(taken=200 <= status < 300, outcome=f"answered {status}")

    async def _post(self, delivery: Delivery) -> int:
        body = msgspec.json.encode(delivery.event)
        timestamp = int(self._clock())
        async with asyncio.timeout(self._timeout_s):
            target = await asyncio.to_thread(resolved, self._url, self._allowed, self._resolve)
            url = httpx.URL(self._url)
            headers = {
                "Host": url.netloc.decode(),
                "Content-Type": "application/cloudevents+json",
                "User-Agent": "crispml",
                ID_HEADER: delivery.id,
                TIME_HEADER: str(timestamp),
                SIGNATURE_HEADER: signature(self._key, delivery.id, timestamp, body),
            }
            async with (
                httpx.AsyncClient(trust_env=False, timeout=self._timeout_s) as client,
                client.stream(
                    "POST",
                    url.copy_with(host=target.address),
                    content=body,
                    headers=headers,
                    extensions={"sni_hostname": target.host},
                ) as response,
            ):
                return response.status_code
