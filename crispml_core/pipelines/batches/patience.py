"""Waiting for a database that is away for a while: a batch of hours outlasts a restart of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from crispml_core.domain.errors import StoreUnavailable

T = TypeVar("T")
PATIENCE_S = 300.0
"""How long a batch waits before it fails."""

PAUSE_S = 0.5
"""Time between two attempts."""


def patiently(
    attempt: Callable[[], T],
    patience_s: float = PATIENCE_S,
    waiting: Callable[[], None] = lambda: None,
) -> T:
    """Return what an attempt gives, which is made again while a store is away.

    Parameters
    ----------
    waiting : callable
        Called after each attempt that failed; what it raises ends the waiting.
    """
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return attempt()
        except StoreUnavailable:
            if time.monotonic() > deadline:
                raise
        waiting()
        time.sleep(PAUSE_S)
