"""No traces, for a process that nobody follows."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import ClassVar

from crispml_core.ports.tracer import Fact, Kind, Span


class NoTracer:
    """Takes nothing; see `crispml_core.ports.tracer.Tracer`."""

    is_on = False

    def takes(self, traceparent: str | None, *, again: bool = False) -> bool:
        """Return False."""
        return False

    def trace(
        self,
        name: str,
        traceparent: str | None = None,
        *,
        links: Sequence[str] = (),
        kind: Kind = "internal",
        **facts: Fact,
    ) -> AbstractContextManager[Span]:
        """Return what forgets everything."""
        return nullcontext(_NOTHING)

    def span(
        self, name: str, *, kind: Kind = "internal", **facts: Fact
    ) -> AbstractContextManager[Span | None]:
        """Return nothing."""
        return nullcontext(None)

    def close(self) -> None:
        """Do nothing."""


class _Nothing:
    traceparent: ClassVar[str] = ""

    def note(self, **facts: Fact) -> None:
        """Do nothing."""

    def rename(self, name: str) -> None:
        """Do nothing."""

    def fail(self, reason: str) -> None:
        """Do nothing."""


_NOTHING = _Nothing()
