"""Whether the store is so fast that the event loop may commit a lone record itself.

On a slower one the other requests would wait for it. One slow commit says little, because another
process may have had the core meanwhile; two in a row say that it is the store.
"""

from __future__ import annotations

AT_ONCE_S = 0.002
_FORGET = 0.9


class StorePace:
    """How long the last two commits took."""

    def __init__(self) -> None:
        self._last = self._before = 0.0

    def note(self, seconds: float) -> None:
        """Take in a commit."""
        self._before, self._last = self._last, seconds

    @property
    def is_fast(self) -> bool:
        """Whether one of the last two commits was as fast as it must be."""
        return self._last <= AT_ONCE_S or self._before <= AT_ONCE_S

    def forget_some(self) -> None:
        """Note that a record was left to the worker: after some, a slow store is tried again."""
        self._last *= _FORGET
        self._before *= _FORGET
