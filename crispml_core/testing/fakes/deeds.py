"""Remembers what was done without a request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from crispml_core.domain.audit import AuditEvent


class FakeDeeds:
    """Deeds in a list; see `crispml_core.ports.deeds.Deeds`."""

    def __init__(self) -> None:
        self.done: list[tuple[AuditEvent, dict[str, Any]]] = []

    @contextmanager
    def __call__(self, event: AuditEvent) -> Iterator[dict[str, Any]]:
        """Remember an event, and what is told of its end."""
        told: dict[str, Any] = {}
        self.done.append((event, told))
        yield told
