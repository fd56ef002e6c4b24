"""A file that hands out what was written to it, for writers that stream."""

from __future__ import annotations

import io
from typing import Any


class Collected(io.RawIOBase):
    """Collects bytes until they are taken, and counts them all: what was taken is gone."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: Any, /) -> int:
        """Keep some bytes."""
        part = bytes(data)
        self._parts.append(part)
        self._written += len(part)
        return len(part)

    def tell(self) -> int:
        """Return how many bytes were written in all."""
        return self._written

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
