"""Which core this process and its children run on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from benchmarks.harness.places import CLIENT_CORE, SERVER_CORE


def be_the_client() -> None:
    """Leave the core of the servers; the children that load them start from here."""
    os.sched_setaffinity(0, {CLIENT_CORE})


@contextlib.contextmanager
def both_cores() -> Iterator[None]:
    """Give the block both cores: nothing is measured in it."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CLIENT_CORE, SERVER_CORE})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
