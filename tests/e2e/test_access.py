"""Keys of a running installation of several processes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from crispml_core.cli.services import Services, local_settings, make_stores
from crispml_core.client import CrispMLClient, RequestRefused

USE_CASES = Path(__file__).parent / "use_cases"
SECOND = 1.0


@dataclass
class Running:
    """Both services with authentication; scoring has two processes."""

    services: Services
    admin: CrispMLClient

    def statuses(self, key: str, times: int = 20) -> list[int]:
        """Ask scoring who a key is, over connections that the system spreads over processes."""
        return [self._status(key) for _ in range(times)]

    def _status(self, key: str) -> int:
        where = urlsplit(self.services.urls["scoring"])
        connection = HTTPConnection(where.hostname or "", where.port, timeout=30)
        headers = {"Authorization": f"Bearer {key}", "Connection": "close"}
        connection.request("GET", "/api/v1/whoami", headers=headers)
        try:
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("access")
    settings = local_settings(folder, [f"{USE_CASES / 'patience.py'}:patience"])
    make_stores(settings)
    settings |= {"CRISPML_AUTH__MODE": "required", "CRISPML_SERVER__WORKERS": "2"}
    with Services(folder, settings) as services, services.client() as admin:
        yield Running(services, admin)


def test_the_key_of_the_machine_opens_and_nothing_else_does(running: Running) -> None:
    assert running.admin.training.whoami().grants == ("admin",)
    assert running.admin.scoring.whoami().name == "key:settings"
    nobody = CrispMLClient(*running.services.urls.values())
    with nobody, pytest.raises(RequestRefused) as refused:
        list(nobody.training.runs())
    assert refused.value.status == 401
    file = running.services.folder / "admin.key"
    assert file.stat().st_mode & 0o777 == 0o600
    environment = Path(f"/proc/{running.services._children['scoring'].pid}/environ").read_bytes()
    assert running.services.key.encode() not in environment
    logs = (running.services.folder / "logs").glob("*.log")
    assert all(running.services.key not in log.read_text() for log in logs)


def test_a_key_opens_at_once_and_within_a_second_of_its_revocation_nowhere(
    running: Running, record_property: Any
) -> None:
    made = running.admin.training.new_api_key("shop", ["viewer:patience"])
    assert running.statuses(made.key) == [200] * 20

    seen: list[tuple[float, int]] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            (status,) = running.statuses(made.key, 1)
            seen.append((time.monotonic(), status))

    asking = threading.Thread(target=ask)
    asking.start()
    while len(seen) < 3:
        time.sleep(0.01)
    asked_at = time.monotonic()
    running.admin.training.revoke_api_key(made.facts.key_id)
    revoked_at = time.monotonic()
    time.sleep(2 * SECOND)
    done.set()
    asking.join()
    before = [status for at, status in seen if at < asked_at]
    after = [max(at - revoked_at, 0.0) for at, status in seen if status == 200]
    record_property("revoked_after_s", round(max(after), 3))
    print(f"a revoked key last opened something {max(after):.3f} s after its revocation")
    assert set(before) <= {200}
    assert max(after) < SECOND
    assert running.statuses(made.key) == [401] * 20
