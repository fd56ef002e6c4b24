"""What the balancer says about the replicas behind it."""

from __future__ import annotations

import csv
import time
import urllib.error
import urllib.request

from benchmarks.scaling.platform import NotReady

_LOOK_S, _TIMEOUT_S = 0.2, 5.0


class Balancer:
    """An HAProxy that shows its numbers.

    Parameters
    ----------
    url : str
        Where it shows them.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def ready(self) -> int:
        """Return how many replicas get requests."""
        try:
            with urllib.request.urlopen(f"{self._url}/;csv", timeout=_TIMEOUT_S) as answer:
                return ready_in(answer.read().decode())
        except (urllib.error.URLError, OSError):  # it does not listen yet
            return 0

    def wait_for(self, replicas: int, longest_s: float) -> None:
        """Return when so many replicas get requests.

        Raises
        ------
        NotReady
            If that takes too long.
        """
        deadline = time.monotonic() + longest_s
        while (ready := self.ready()) != replicas:
            if time.monotonic() > deadline:
                raise NotReady(f"{ready} and not {replicas} replicas are ready, {longest_s:g} s on")
            time.sleep(_LOOK_S)


def ready_in(numbers: str) -> int:
    """Return how many servers of the backend are up, in the CSV of HAProxy."""
    rows = csv.DictReader(numbers.lstrip("# ").splitlines())
    return sum(row["svname"].startswith("replica") and row["status"] == "UP" for row in rows)
