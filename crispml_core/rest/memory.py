"""The memory of a process that serves for months: what it needs, and not what it once had."""

from __future__ import annotations

import contextlib
import ctypes

_ARENAS = 2
_M_ARENA_MAX = -8  # of <malloc.h>


def share_arenas() -> None:
    """Let the threads of this process take their memory from a few places.

    The C library gives each thread a place of its own, up to eight for every core, and what one of
    them had once it keeps for that thread. Threads here mostly wait for each other anyway. It has
    to be said before there are threads; another C library has no such places and goes unasked.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)
