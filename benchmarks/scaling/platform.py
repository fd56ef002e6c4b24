"""What a scaling test asks of whoever runs the replicas."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from crispml_core.domain.errors import CrispMLError
from loadtest.demo import Target

Command = Callable[..., str]
"""Runs the words of a command, and returns its standard output."""
_LONGEST_S = 600.0
READ_USED = (
    "sh",
    "-c",
    "cat /sys/fs/cgroup/cpu.stat 2>/dev/null || cat /sys/fs/cgroup/cpuacct/cpuacct.usage",
)
"""What a container is told to tell its processor time, by either version of cgroups."""


class CommandFailed(CrispMLError):
    """A command of the engine or of the cluster ended with an error; the text is what it said."""

    code = "command_failed"


class NotReady(CrispMLError):
    """Not as many replicas became ready in time as were asked for."""

    code = "not_ready"


@dataclass(frozen=True, slots=True)
class Used:
    """Processor time so far, of all containers of a part together.

    Parameters
    ----------
    at : float
        When it was read, by `time.monotonic`.
    seconds : mapping of str to float
        By the part: ``scoring``, and where they can be seen ``postgres``, ``balancer``, and
        ``machine`` for everything that runs on it.
    """

    at: float
    seconds: Mapping[str, float]


class Platform(Protocol):
    """Runs replicas of the scoring service behind something that balances requests."""

    name: str
    shares_core: bool
    """Whether all processes of Locust have one core, so that their shares of it add up."""
    unclean: int
    """How many replicas did not end by themselves with the status 0, as far as it is known."""

    @property
    def target(self) -> Target:
        """Where the services are."""

    @property
    def cores(self) -> float:
        """How much of a core one replica is given."""

    def ready(self) -> int:
        """Return how many replicas get requests."""

    def scale(self, replicas: int) -> None:
        """Start or stop replicas, and return when so many get requests."""

    def replace(self) -> None:
        """Replace each replica: a new one is ready before an old one is asked to stop."""

    def set_workers(self, workers: int, cores: float) -> None:
        """Have one replica with so many worker processes, and as many cores if that can be set."""

    def used(self) -> Used:
        """Return how much processor time the replicas that run have used so far."""


def run(*words: str, **options: object) -> str:
    """Run a command, and return its standard output.

    Raises
    ------
    CommandFailed
        If it ends with an error.
    """
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            timeout=_LONGEST_S,
            **options,  # type: ignore[call-overload]
        )
    except FileNotFoundError:
        raise CommandFailed(f"{words[0]} is not installed") from None
    if done.returncode:
        raise CommandFailed(f"{words[0]} {words[1]}: {done.stderr.strip()[-2000:]}")
    return str(done.stdout)


def used_s(told: str) -> float:
    """Return the processor time that `READ_USED` tells."""
    if told.strip().isdigit():
        return int(told) / 1e9
    return int(dict(line.split() for line in told.splitlines())["usage_usec"]) / 1e6
