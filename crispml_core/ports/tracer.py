"""Where the spans of traces go."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Literal, Protocol, TypeAlias

Fact: TypeAlias = str | int | float | bool
"""What a span may say about itself: names, numbers and sizes, never a value of a record."""

Kind: TypeAlias = Literal["internal", "server", "client"]


class Span(Protocol):
    """A part of a trace while it is open."""

    @property
    def traceparent(self) -> str:
        """What carries the trace on to another thread, process or service (W3C Trace Context)."""
        ...

    def note(self, **facts: Fact) -> None:
        """Say something about what happens; a double underscore in a name stands for a dot."""
        ...

    def rename(self, name: str) -> None:
        """Give the span its name once it is known."""
        ...

    def fail(self, reason: str) -> None:
        """Note that it failed, by a reason that holds no value."""
        ...


class Tracer(Protocol):
    """Makes traces; must never fail or slow a call."""

    @property
    def is_on(self) -> bool:
        """Whether there are any traces."""
        ...

    def takes(self, traceparent: str | None, *, again: bool = False) -> bool:
        """Return whether a request is traced: its caller decides, and else chance.

        Parameters
        ----------
        again : bool
            Whether somebody else asks about the same request afterwards, who gets the same answer.
        """
        ...

    def trace(
        self,
        name: str,
        traceparent: str | None = None,
        *,
        links: Sequence[str] = (),
        kind: Kind = "internal",
        **facts: Fact,
    ) -> AbstractContextManager[Span]:
        """Begin a trace, or go on with the one that `traceparent` names.

        Parameters
        ----------
        links : sequence of str
            The ``traceparent`` of others whose work this is too.
        """
        ...

    def span(
        self, name: str, *, kind: Kind = "internal", **facts: Fact
    ) -> AbstractContextManager[Span | None]:
        """Add a part to the trace that this context is in; None, and no cost, outside of one."""
        ...

    def close(self) -> None:
        """Send what waits, and stop; takes a few seconds at most."""
        ...
