"""Requests that compute take turns, so that others keep the threads and the memory that they need.

The threads of a process serve everybody, and a report of a million scores takes 10 seconds and a
gibibyte. Who has to wait for a turn holds no thread. A turn ends before its answer is sent: who
reads slowly keeps nobody waiting.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi import Depends


async def _turn() -> AsyncIterator[None]:
    yield


COMPUTING: Any = Depends(_turn, scope="function", max_concurrency=2)
"""For routes that go through scores or data sets."""

DRAWING: Any = Depends(_turn, scope="function", max_concurrency=4)
"""For routes that put together what is there: pages, graphs, dossiers."""
