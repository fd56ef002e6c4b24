"""How a service with several workers ends."""

from __future__ import annotations

import signal
from types import SimpleNamespace

import pytest

from crispml_core.rest import workers
from crispml_core.rest.server import UNFINISHED
from crispml_core.settings import CrispMLSettings


class Worker:
    """Ends as it was told to when it is asked to stop."""

    def __init__(self, code: int) -> None:
        self.pid, self.returncode = 1, code

    def poll(self) -> int | None:
        return None

    def terminate(self) -> None:
        """Do nothing: it has ended."""

    def wait(self, timeout: float | None = None) -> int:
        return self.returncode


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        ((0, 0), 0),
        ((0, UNFINISHED), UNFINISHED),
        ((-signal.SIGTERM, 0), 0),
        ((0, -signal.SIGKILL), 137),
        ((UNFINISHED, -signal.SIGKILL), 137),
    ],
)
def test_a_service_ends_as_the_worker_that_has_something_to_say(monkeypatch, codes, status) -> None:
    started = iter(codes)
    monkeypatch.setattr(workers, "_start", lambda *_: Worker(next(started)))
    asked = {}
    monkeypatch.setattr(workers.signal, "signal", lambda number, act: asked.update({number: act}))
    sleep = lambda seconds: asked[signal.SIGTERM](signal.SIGTERM, None)  # noqa: E731
    monkeypatch.setattr(workers, "time", SimpleNamespace(sleep=sleep, monotonic=lambda: 0.0))
    settings = CrispMLSettings(server={"workers": 2})
    assert workers.supervise("module", settings, None) == status
