"""Users that start runs of the training service and follow them, one after the other."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from locust import constant

from loadtest.outcomes import Outcome
from loadtest.scenarios.http_user import CountingUser

_CONFLICT = 409


class RunningUser(CountingUser):
    """Follows one run at a time.

    Each look at a run is a task of its own: between two of them Locust can stop the user.
    """

    abstract = True
    wait_time = constant(0.2)

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._run_id: str | None = None
        self._name, self._began = "", 0.0

    def start_run(self, name: str, method: str, parameters: dict[str, Any]) -> None:
        """Start a method; if somebody else has one that stands in its way, do nothing."""
        if not self.load.training_url:
            return
        began = time.perf_counter()
        response = self.client.request(
            "POST",
            self.load.training(method),
            data=msgspec.json.encode(parameters),
            headers=self.load.headers,
        )
        if response.status_code == _CONFLICT:
            return
        self._name, self._began = name, began
        if response.status_code != 202:
            self._end(Outcome.FAILED, f"status {response.status_code}")
            return
        self._run_id = msgspec.json.decode(response.content, type=dict[str, Any])["id"]

    def look(self) -> dict[str, Any] | None:
        """Return the result of the run once it has succeeded; count it once it has ended."""
        assert self._run_id is not None
        response = self.client.request(
            "GET", self.load.run(self._run_id), headers=self.load.headers
        )
        if response.status_code != 200:
            self._end(Outcome.FAILED, f"status {response.status_code}")
            self.failed()
            return None
        run = msgspec.json.decode(response.content, type=dict[str, Any])
        if run["status"] in ("queued", "running"):
            return None
        has_succeeded = run["status"] == "succeeded"
        self._end(Outcome.ANSWERED if has_succeeded else Outcome.FAILED, f"run {run['status']}")
        if has_succeeded:
            return dict(run["result"])
        self.failed()
        return None

    def failed(self) -> None:
        """Take note that a run has not succeeded, and is counted."""

    @property
    def is_running(self) -> bool:
        """Whether there is a run to look at."""
        return self._run_id is not None

    def on_stop(self) -> None:
        """Ask the run that nobody waits for to stop."""
        if self._run_id is not None:
            address = f"{self.load.run(self._run_id)}/cancel"
            self.client.request("POST", address, data=b"", headers=self.load.headers)

    def _end(self, outcome: Outcome, why: str) -> None:
        self._run_id = None
        began, done = self._began, time.perf_counter()
        self.count(self._name, outcome, why, due=began, sent=began, done=done, is_open=False)
