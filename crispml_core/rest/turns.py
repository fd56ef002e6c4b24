"""Requests that compute take turns, so that others keep the threads and the memory that they need.

The threads of a process serve everybody, and a report of a million scores takes 10 seconds and a
gibibyte. Who has to wait for a turn holds no thread. A turn ends before its answer is sent: who
reads slowly keeps nobody waiting.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import anyio
from fastapi import Depends
from starlette.datastructures import State


async def _turn() -> AsyncIterator[None]:
    yield


COMPUTING: Any = Depends(_turn, scope="function", max_concurrency=2)
"""For routes that go through scores or data sets."""

DRAWING: Any = Depends(_turn, scope="function", max_concurrency=4)
"""For routes that put together what is there: pages, graphs, dossiers."""


def threads_for(state: State, purpose: str, most: int) -> anyio.CapacityLimiter:
    """Return the threads of an app that are for one purpose, beside those that serve everybody.

    Parameters
    ----------
    state : State
        Of the app.
    most : int
        How many they are.
    """
    name = f"threads_for_{purpose}"
    if not hasattr(state, name):
        setattr(state, name, anyio.CapacityLimiter(most))
    found: anyio.CapacityLimiter = getattr(state, name)
    return found
