"""How many requests one caller may have in work at the same time.

A caller who asks for more is told to wait, while everybody else is answered. What they are is one
number per caller, changed by the event loop alone: it costs the hot path less than a microsecond.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from crispml_core.domain.access import Principal
from crispml_core.domain.errors import TooManyRequests

_MOST_CALLERS = 4096


class InWork:
    """The requests of one caller that are in work.

    Parameters
    ----------
    most : int
        So many may be.
    """

    __slots__ = ("most", "now")

    def __init__(self, most: int) -> None:
        self.most, self.now = most, 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Count one request while it is in work.

        Raises
        ------
        TooManyRequests
            If there are too many already.
        """
        if self.now >= self.most:
            raise TooManyRequests(
                f"{self.most} requests of this caller are in work already: wait for an answer "
                "before you send more, or raise CRISPML_SERVER__MAX_CONCURRENT"
            )
        self.now += 1
        try:
            yield
        finally:
            self.now -= 1


class Concurrency:
    """The callers of a process: each API key, and each subject of the OpenID provider."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._callers: dict[str, InWork] = {}

    def of(self, principal: Principal) -> InWork:
        """Return what counts the requests of somebody."""
        name = principal.key_id or principal.name
        found = self._callers.get(name)
        if found is None:
            if len(self._callers) >= _MOST_CALLERS:
                self._callers = {name: work for name, work in self._callers.items() if work.now}
            found = self._callers[name] = InWork(self._most)
        return found
