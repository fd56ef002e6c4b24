"""Progress on standard error; standard output belongs to the result."""

from __future__ import annotations

import sys
import time

_STARTED = time.monotonic()


def say(what: str) -> None:
    """Print a line with the seconds since the start."""
    print(f"[{time.monotonic() - _STARTED:6.1f} s] {what}", file=sys.stderr, flush=True)
