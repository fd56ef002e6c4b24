"""Which version answers now: aliases are followed, and a version that cannot serve does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from crispml_core.domain.errors import CrispMLError, NotFound, NotReady
from crispml_core.domain.events import EventKind, ServingEvent
from crispml_core.domain.models import CHAMPION, FALLBACK, AliasEvent
from crispml_core.domain.use_case import UseCase
from crispml_core.serving.ledger_writer import Served
from crispml_core.serving.loaded_versions import LoadedVersion, LoadedVersions

# An alias move must take effect within a second.
POLL_S = 0.25
# How long a version that did not load is left alone.
RETRY_S = 5.0

Highest = Callable[[], Mapping[str, int]]
Aliases = Callable[[str], Mapping[str, AliasEvent]]


@dataclass(frozen=True, slots=True)
class Active:
    """A loaded version together with the name it answers under; replaced whole, never changed."""

    loaded: LoadedVersion
    served: Served

    def under(self, alias: str | None) -> Active:
        """Return the same version under the name that a request used for it."""
        return Active(self.loaded, replace(self.served, alias=alias))


@dataclass(frozen=True, slots=True)
class _Failure:
    version: str
    reason: str
    at: float


class LiveModels:
    """Follows the aliases of every use case and holds what each of them means.

    A request takes its `Active` once and keeps it, so that no request is answered by two versions.
    A move loads the new version beside the old one and then exchanges the reference. A version that
    cannot serve leaves the old one where it is; at start, when there is no old one, the alias
    ``fallback`` answers in its place and says so.

    Parameters
    ----------
    use_cases : mapping of str to UseCase
        What can be scored.
    versions : LoadedVersions
        The versions in memory.
    highest : callable
        Returns the newest sequence per model; asked often, so it must be cheap.
    aliases : callable
        Returns where every alias of a model points.
    """

    def __init__(
        self,
        use_cases: Mapping[str, UseCase],
        versions: LoadedVersions,
        highest: Highest,
        aliases: Aliases,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._use_cases, self._versions = use_cases, versions
        self._highest, self._read_aliases = highest, aliases
        self._clock = clock
        self._note: Callable[[ServingEvent], None] = lambda event: None
        self._active: dict[tuple[str, str], Active] = {}
        self._events: dict[str, dict[str, AliasEvent]] = {name: {} for name in use_cases}
        self._sequences: dict[str, int] = {}
        self._failures: dict[tuple[str, str], _Failure] = {}
        self._wanted = {(name, alias) for name in use_cases for alias in (CHAMPION, FALLBACK)}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, note: Callable[[ServingEvent], None]) -> None:
        """Tell somebody about every change of what serves."""
        self._note = note

    def start(self) -> None:
        """Look once, and then follow the aliases in a thread."""
        self.refresh()
        self._thread = threading.Thread(target=self._follow, name="live-models", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def find(self, use_case: str, alias: str) -> Active | None:
        """Return what an alias means, if that is known already; costs nothing."""
        return self._active.get((use_case, alias))

    def resolve(self, use_case: str, alias: str) -> Active:
        """Return what an alias means; may load a version.

        Raises
        ------
        NotFound
            If there is no such use case or alias; its name is the caller's, so it is not repeated.
        NotReady
            If no version can serve under the alias; the text says why.
        """
        self._use_case(use_case)
        if (found := self.find(use_case, alias)) is not None:
            return found
        with self._lock:
            if alias not in self._events[use_case]:
                self._events[use_case] = dict(self._read_aliases(use_case))
            events = self._events[use_case]
            if alias in events:
                self._wanted.add((use_case, alias))
                self._settle(use_case, alias)
        if (found := self.find(use_case, alias)) is not None:
            return found
        failure = self._failures.get((use_case, alias))
        if failure is not None:
            raise NotReady(failure.reason)
        if alias == CHAMPION:
            raise NotReady(
                f"model {use_case} has no {CHAMPION} yet; train a version and set the alias"
            )
        raise NotFound("alias", events)

    def version(self, use_case: str, version: str) -> Active:
        """Return a version that a request names; may load it.

        Raises
        ------
        NotFound, NotReady, RegistryDamaged
            See `LoadedVersions.get`.
        """
        loaded = self._versions.get(self._use_case(use_case), version)
        self._versions.evict(self._pinned())
        return Active(loaded, _served(loaded, None, is_fallback=False))

    def status(self) -> dict[str, str | None]:
        """Return, per use case, None when its champion serves, else what is wrong."""
        return {name: self._status(name) for name in self._use_cases}

    def serving(self) -> dict[str, dict[str, str]]:
        """Return the version that answers, by use case and alias."""
        found: dict[str, dict[str, str]] = {}
        for (use_case, alias), active in list(self._active.items()):
            found.setdefault(use_case, {})[alias] = active.served.version
        return found

    def fallbacks(self) -> dict[str, str]:
        """Return the reason for every use case whose champion is not the one that serves."""
        return {
            name: reason
            for name in self._use_cases
            if self.find(name, CHAMPION) is not None and (reason := self._status(name)) is not None
        }

    def broken(self) -> set[str]:
        """Return the use cases that have a champion, and nothing that can serve as it."""
        return {
            name
            for name in self._use_cases
            if self.find(name, CHAMPION) is None and (name, CHAMPION) in self._failures
        }

    def refresh(self) -> None:
        """Look where the aliases point, and load and exchange what moved.

        Raises
        ------
        StoreUnavailable
            If nobody knows where the aliases point; then what serves goes on serving.
        """
        with self._lock:
            sequences = self._highest()
            for name in self._use_cases:
                known, newest = self._sequences.get(name, 0), sequences.get(name, 0)
                if newest > known:
                    self._events[name] = dict(self._read_aliases(name))
                    self._sequences[name] = newest
            for use_case, alias in sorted(self._wanted):
                self._settle(use_case, alias)
            self._versions.evict(self._pinned())

    def _follow(self) -> None:
        while not self._stop.wait(POLL_S):
            try:
                self.refresh()
            except CrispMLError:
                continue  # what serves goes on serving; readiness looks at the stores itself

    def _settle(self, use_case: str, alias: str) -> None:
        """Let an alias mean the version that it points at, if that can serve."""
        event = self._events[use_case].get(alias)
        if event is None:
            self._forget(use_case, alias)
            return
        key, active = (use_case, alias), self.find(use_case, alias)
        if active is not None and not active.served.fallback and _is(active, event.version):
            self._failures.pop(key, None)
            return
        failure = self._failures.get(key)
        if (
            failure is not None
            and failure.version == event.version
            and self._clock() - failure.at < RETRY_S
        ):
            return
        try:
            loaded = self._versions.get(self._use_cases[use_case], event.version)
        except CrispMLError as error:
            self._failures[key] = _Failure(event.version, error.message, self._clock())
            if failure is None or failure.version != event.version:
                self._tell(EventKind.FALLBACK, use_case, event.version, error)
            if active is None and alias == CHAMPION:
                self._fall_back(use_case)
            return
        self._failures.pop(key, None)
        self._active[key] = Active(loaded, _served(loaded, alias, is_fallback=False))
        self._tell(EventKind.SERVING, use_case, event.version, None, alias)

    def _forget(self, use_case: str, alias: str) -> None:
        """Let an alias that was removed mean nothing."""
        if alias != CHAMPION:  # which may be what the fallback serves as
            self._active.pop((use_case, alias), None)
            self._failures.pop((use_case, alias), None)

    def _fall_back(self, use_case: str) -> None:
        event = self._events[use_case].get(FALLBACK)
        if event is None:
            return
        try:
            loaded = self._versions.get(self._use_cases[use_case], event.version)
        except CrispMLError as error:
            self._failures[use_case, FALLBACK] = _Failure(
                event.version, error.message, self._clock()
            )
            return
        self._active[use_case, CHAMPION] = Active(
            loaded, _served(loaded, CHAMPION, is_fallback=True)
        )

    def _tell(
        self,
        kind: EventKind,
        use_case: str,
        version: str,
        error: CrispMLError | None,
        alias: str = CHAMPION,
    ) -> None:
        self._note(
            ServingEvent(
                kind=kind,
                code=error.code if error is not None else "version_serves",
                use_case=use_case,
                version=version,
                detail=error.message if error is not None else f"{alias} is served by this version",
            )
        )

    def _status(self, use_case: str) -> str | None:
        active, failure = (
            self.find(use_case, CHAMPION),
            self._failures.get((use_case, CHAMPION)),
        )
        if failure is None:
            if active is not None:
                return None
            return f"model {use_case} has no {CHAMPION} yet; train a version and set the alias"
        if active is None:
            return f"version {failure.version} cannot serve: {failure.reason}"
        role = "the fallback" if active.served.fallback else "the version before"
        return (
            f"{role} {active.served.version} serves, because version {failure.version} cannot: "
            f"{failure.reason}"
        )

    def _pinned(self) -> set[tuple[str, str]]:
        return {(use_case, active.served.version) for (use_case, _), active in self._active.items()}

    def _use_case(self, name: str) -> UseCase:
        if name not in self._use_cases:
            raise NotFound("use case", self._use_cases)
        return self._use_cases[name]


def _is(active: Active, version: str) -> bool:
    return active.served.version == version


def _served(loaded: LoadedVersion, alias: str | None, *, is_fallback: bool) -> Served:
    manifest, use_case = loaded.manifest, loaded.use_case
    return Served(
        use_case=use_case.name,
        model=manifest.model,
        version=manifest.version,
        alias=alias,
        classes=manifest.classes,
        fields=use_case.schema.stored,
        fallback=is_fallback,
    )
