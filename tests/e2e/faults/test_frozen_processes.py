"""A process that gets no time for a while answers what was asked meanwhile."""

from __future__ import annotations

import http.client
import json
import signal
import time

import pytest

from benchmarks.faults.service import HOST
from benchmarks.faults.world import CREDENTIAL, SCORE, body

pytestmark = pytest.mark.slow

KEEP_ALIVE_S = 1


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "through the app"])
def test_what_was_asked_while_the_process_was_frozen_is_answered(serve, plain):
    """Its timers have all run out when it comes back, and the requests wait to be read."""
    service = serve(server__keep_alive_s=KEEP_ALIVE_S, server__head_timeout_s=KEEP_ALIVE_S)
    fields = {**CREDENTIAL, "Content-Type": "application/json"}
    if not plain:
        fields["traceparent"] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    clients = [http.client.HTTPConnection(HOST, service.port, timeout=30) for _ in range(8)]
    for number, client in enumerate(clients):
        client.request("POST", SCORE, body(f"before-{number}"), fields)
        assert client.getresponse().read()

    (process, *_) = service.tree()
    process.send_signal(signal.SIGSTOP)
    for number, client in enumerate(clients):
        client.request("POST", SCORE, body(f"frozen-{number}"), fields)
    time.sleep(3 * KEEP_ALIVE_S + 1)
    process.send_signal(signal.SIGCONT)
    for number, client in enumerate(clients):
        answer = client.getresponse()
        (score,) = json.loads(answer.read())["scores"]
        assert (answer.status, score["record_key"]) == (200, f"frozen-{number}")
        client.close()
