"""The challenger of each use case: loaded beside what serves, and never in its way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from crispml_core.domain.challenge import place_in_split
from crispml_core.domain.errors import CrispMLError
from crispml_core.domain.events import EventKind, ServingEvent
from crispml_core.domain.models import CHALLENGER, SHADOW, AliasEvent
from crispml_core.domain.use_case import UseCase
from crispml_core.serving.ledger_writer import Served
from crispml_core.serving.loaded_versions import LoadedVersion, LoadedVersions

if TYPE_CHECKING:
    import pyarrow as pa

# How long a version that did not load is left alone.
RETRY_S = 60.0


@dataclass(frozen=True, slots=True)
class Challenger:
    """A challenger that is loaded; replaced whole, never changed.

    Parameters
    ----------
    loaded : LoadedVersion
        The version.
    served : Served
        What groups say that it answered.
    shadow : Served
        What groups say that it only scored in the shadow.
    stand_in : Served
        What groups say when the champion answers for it, because it failed.
    traffic : float
        The share of the records that it answers.
    key : int
        Where the record key is in a record.
    """

    loaded: LoadedVersion
    served: Served
    shadow: Served
    stand_in: Served
    traffic: float
    key: int

    def takes(self, record: Sequence[Any]) -> bool:
        """Return whether a record, in the order of the schema, belongs to its share."""
        return self.traffic > 0.0 and self._has(str(record[self.key]))

    def share_of(self, records: Sequence[tuple[Any, ...]] | pa.RecordBatch) -> list[bool]:
        """Return for each record whether it belongs to its share."""
        keys = (
            (record[self.key] for record in records)
            if isinstance(records, Sequence)
            else records.column(self.key).to_pylist()
        )
        return [self._has(str(key)) for key in keys]

    def _has(self, record_key: str) -> bool:
        return place_in_split(self.served.model, record_key) < self.traffic


class Challengers:
    """Knows the challenger of each use case, and loads it in a thread of its own.

    A challenger may take long to load, or hang, or fail; what serves goes on without it meanwhile,
    and its share of the records is the champion's.

    Parameters
    ----------
    versions : LoadedVersions
        The versions in memory.
    note : callable
        Told about a challenger that serves, or that cannot be loaded.
    clock : callable
        Returns seconds that only grow.
    """

    def __init__(
        self,
        versions: LoadedVersions,
        note: Callable[[ServingEvent], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._versions, self._note, self._clock = versions, note, clock
        self._known: dict[str, Challenger] = {}
        self._attempts: dict[str, _Attempt] = {}

    def of(
        self, use_case: UseCase, champion: Served, event: AliasEvent | None
    ) -> Challenger | None:
        """Return the challenger of a champion; the same object as long as nothing changed.

        None if there is none, it is the champion itself, or it is not loaded (yet).
        """
        name = use_case.name
        if event is None or event.is_removal or event.version == champion.version:
            self._known.pop(name, None)
            self._attempts.pop(name, None)
            return None
        known = self._known.get(name)
        if known is not None and _is(known, champion, event):
            return known
        loaded = self._versions.find(name, event.version)
        if loaded is None:
            self._known.pop(name, None)
            self._load(use_case, event.version)
            return None
        if known is None or known.served.version != event.version:
            self._tell(EventKind.SERVING, name, event.version, None)
        found = _challenger(use_case, loaded, champion, event.traffic)
        self._known[name] = found
        return found

    def drop(self, use_case: str, version: str) -> None:
        """Forget a challenger whose version must not answer any more."""
        known = self._known.get(use_case)
        if known is not None and known.served.version == version:
            del self._known[use_case]

    def _load(self, use_case: UseCase, version: str) -> None:
        earlier = self._attempts.get(use_case.name)
        is_again = earlier is not None and earlier.version == version
        if earlier is not None and is_again and earlier.is_enough():
            return
        attempt = _Attempt(
            version, self._clock, is_told=earlier is not None and is_again and earlier.is_told
        )
        self._attempts[use_case.name] = attempt
        # A daemon, because a version that hangs while it is loaded must not keep the process alive.
        threading.Thread(
            target=self._try, args=(use_case, attempt), name="challenger-loader", daemon=True
        ).start()

    def _try(self, use_case: UseCase, attempt: _Attempt) -> None:
        try:
            self._versions.get(use_case, attempt.version)
        except CrispMLError as error:
            if not attempt.is_told:
                attempt.is_told = True
                self._tell(EventKind.FALLBACK, use_case.name, attempt.version, error)
        finally:
            attempt.end()

    def _tell(
        self, kind: EventKind, use_case: str, version: str, error: CrispMLError | None
    ) -> None:
        detail = f"{CHALLENGER} is served by this version"
        if error is not None:
            detail = f"the {CHALLENGER} cannot serve, and the champion has its share: "
            detail += error.message
        self._note(
            ServingEvent(
                kind=kind,
                code=error.code if error is not None else "version_serves",
                use_case=use_case,
                version=version,
                detail=detail,
            )
        )


class _Attempt:
    """One attempt to load a version."""

    def __init__(self, version: str, clock: Callable[[], float], *, is_told: bool) -> None:
        self.version, self.is_told = version, is_told
        self._clock = clock
        self._ended_at: float | None = None

    def end(self) -> None:
        """Note that the version is loaded, or cannot be."""
        self._ended_at = self._clock()

    def is_enough(self) -> bool:
        """Return whether it goes on, or ended so lately that another one would be too early."""
        return self._ended_at is None or self._clock() - self._ended_at < RETRY_S


def _is(known: Challenger, champion: Served, event: AliasEvent) -> bool:
    return (
        known.served.version == event.version
        and known.traffic == event.traffic
        and known.stand_in.version == champion.version
    )


def _challenger(
    use_case: UseCase, loaded: LoadedVersion, champion: Served, traffic: float
) -> Challenger:
    served, schema = loaded.served(CHALLENGER), use_case.schema
    return Challenger(
        loaded=loaded,
        served=served,
        # The inputs are kept once, with the scores that were answered.
        shadow=replace(served, alias=SHADOW, fields=()),
        stand_in=replace(champion, alias=CHALLENGER, fallback=True),
        traffic=traffic,
        key=schema.names.index(schema.record_key),
    )
