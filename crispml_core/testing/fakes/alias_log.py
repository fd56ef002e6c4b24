"""An alias log in memory."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from crispml_core.domain.errors import NotFound, PreconditionFailed, PreconditionRequired
from crispml_core.domain.identifiers import utc_now
from crispml_core.domain.models import ANY_VERSION, AliasEvent


class FakeAliasLog:
    """Moves of aliases, numbered per model.

    Parameters
    ----------
    clock : callable
        Returns the current moment in UTC.
    environment : str
        Where aliases are moved; kept with every move.
    """

    def __init__(self, *, clock: Callable[[], datetime] = utc_now, environment: str = "") -> None:
        self._clock = clock
        self._environment = environment
        self._lock = threading.Lock()
        self._events: dict[str, list[AliasEvent]] = {}

    def move(
        self,
        model: str,
        alias: str,
        version: str,
        *,
        expected: str | None,
        moved_by: str = "",
        reason: str = "",
        digest: str = "",
        traffic: float = 0.0,
    ) -> AliasEvent:
        """Point the alias at `version`, if it points at `expected` now."""
        facts = {"moved_by": moved_by, "reason": reason, "digest": digest, "traffic": traffic}
        return self._append(model, alias, version, expected, facts)

    def remove(
        self, model: str, alias: str, *, expected: str | None, moved_by: str = "", reason: str = ""
    ) -> AliasEvent:
        """Let the alias point nowhere, if it points at `expected` now."""
        return self._append(model, alias, "", expected, {"moved_by": moved_by, "reason": reason})

    def _append(
        self,
        model: str,
        alias: str,
        version: str,
        expected: str | None,
        facts: Mapping[str, Any],
    ) -> AliasEvent:
        with self._lock:
            now = self.current(model, alias)
            if now is None and not version:
                raise NotFound("alias")
            if expected is None and now is not None:
                raise PreconditionRequired("the alias exists: say which version it points at now")
            if expected not in (ANY_VERSION, now.version if now else None):
                raise PreconditionFailed("the alias does not point at the expected version")
            events = self._events.setdefault(model, [])
            moment = self._clock()
            event = AliasEvent(
                model=model,
                alias=alias,
                version=version,
                sequence=len(events) + 1,
                moved_at=max(moment, events[-1].moved_at) if events else moment,
                environment=self._environment,
                **facts,
            )
            events.append(event)
            return event

    def current(self, model: str, alias: str, at: datetime | None = None) -> AliasEvent | None:
        """Return the newest move, or the newest until the moment `at`; None once it is removed."""
        moves = (
            event for event in self.history(model, alias) if at is None or event.moved_at <= at
        )
        found = next(moves, None)
        return None if found is None or found.is_removal else found

    def aliases(self, model: str) -> dict[str, AliasEvent]:
        """Return where every alias of the model points; those that were removed are left out."""
        found = self.newest(model)
        return {alias: event for alias, event in found.items() if not event.is_removal}

    def newest(self, model: str) -> dict[str, AliasEvent]:
        """Return the newest event of every alias that the model ever had, removals included."""
        return {event.alias: event for event in self._events.get(model, [])}

    def highest(self) -> dict[str, int]:
        """Return the sequence of the newest move of every model."""
        return {model: events[-1].sequence for model, events in self._events.items() if events}

    def move_counts(self) -> dict[tuple[str, str], int]:
        """Return how often each alias of each model moved, removals included."""
        return dict(Counter((e.model, e.alias) for events in self._events.values() for e in events))

    def moves_to(self, model: str, version: str) -> list[AliasEvent]:
        """Return every move of any alias to a version, oldest first."""
        return [event for event in self._events.get(model, []) if event.version == version]

    def history(self, model: str, alias: str) -> list[AliasEvent]:
        """Return every move, newest first."""
        return [event for event in reversed(self._events.get(model, [])) if event.alias == alias]
