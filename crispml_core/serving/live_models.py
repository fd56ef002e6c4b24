"""Which version answers now: aliases are followed, and a version that cannot serve does not."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from crispml_core.domain.bundles import PromotionRefused
from crispml_core.domain.errors import CrispMLError, NotFound, NotReady, UntrustedSignature
from crispml_core.domain.events import EventKind, ServingEvent
from crispml_core.domain.models import CHALLENGER, CHAMPION, FALLBACK, AliasEvent
from crispml_core.domain.use_case import UseCase
from crispml_core.serving.active import Active
from crispml_core.serving.admission import Admission
from crispml_core.serving.challengers import Challengers
from crispml_core.serving.failures import UNFIT, Failure, missing, sentence
from crispml_core.serving.health_watch import HealthWatch
from crispml_core.serving.loaded_versions import LoadedVersion, LoadedVersions
from crispml_core.serving.private_records import PrivateRecords
from crispml_core.serving.trust_watch import TrustWatch

# An alias move must take effect within a second.
POLL_S = 0.25

Highest = Callable[[], Mapping[str, int]]
Aliases = Callable[[str], Mapping[str, AliasEvent]]


class LiveModels:
    """Follows the aliases of every use case and holds what each of them means.

    A request takes its `Active` once and keeps it, so that no request is answered by two versions.
    A move loads the new version beside the old one and then exchanges the reference. A version that
    cannot serve leaves the old one where it is; at start, when there is no old one, the alias
    ``fallback`` answers in its place and says so. It also answers while there is no champion yet,
    and while the champion is judged unfit; without a fallback an unfit champion goes on answering.

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
    health : HealthWatch, optional
        Says which versions are unfit to answer.
    admission : Admission, optional
        Says which versions may answer requests that do not ask the champion.
    trust : TrustWatch, optional
        Says which loaded versions lost the signature that let them be loaded.
    """

    def __init__(
        self,
        use_cases: Mapping[str, UseCase],
        versions: LoadedVersions,
        highest: Highest,
        aliases: Aliases,
        clock: Callable[[], float] = time.monotonic,
        *,
        health: HealthWatch | None = None,
        admission: Admission | None = None,
        trust: TrustWatch | None = None,
    ) -> None:
        self._use_cases, self._versions = use_cases, versions
        self._trust = TrustWatch() if trust is None else trust
        self._highest, self._read_aliases = highest, aliases
        self._clock = clock
        self._health = HealthWatch() if health is None else health
        self._admission = Admission() if admission is None else admission
        # Per use case: the unfit champion, whether the fallback answers for it, and why.
        self._unfit: dict[str, tuple[str, bool, str]] = {}
        self._note: Callable[[ServingEvent], None] = lambda event: None
        self._challengers = Challengers(versions, lambda event: self._note(event), clock)
        self._active: dict[tuple[str, str], Active] = {}
        self._events: dict[str, dict[str, AliasEvent]] = {name: {} for name in use_cases}
        self._sequences: dict[str, int] = {}
        self._failures: dict[tuple[str, str], Failure] = {}
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

    def privacy(self, use_case: str) -> PrivateRecords | None:
        """Return what is done to the records of a use case before they are stored, if anything."""
        return self._versions.privacy(self._use_case(use_case))

    def find(self, use_case: str, alias: str) -> Active | None:
        """Return what an alias means, if that is known already; costs nothing."""
        return self._active.get((use_case, alias))

    def resolve(self, use_case: str, alias: str) -> Active:
        """Return what an alias means; may load a version.

        Raises
        ------
        NotFound
            If there is no such use case or alias; its name is the caller's, so it is not repeated.
        PromotionRefused
            If the version behind the alias must not answer here.
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
            refused = failure.code == PromotionRefused.code
            raise (PromotionRefused if refused else NotReady)(failure.reason)
        if alias == CHAMPION:
            raise NotReady(missing(use_case).reason)
        raise NotFound("alias", events)

    def version(self, use_case: str, version: str) -> Active:
        """Return a version that a request names; may load it.

        Raises
        ------
        NotFound, NotReady, RegistryDamaged
            See `LoadedVersions.get`.
        PromotionRefused
            If the version must not answer here.
        """
        self._admission.check(self._use_case(use_case).name, version)
        loaded = self.loaded(use_case, version)
        return Active(loaded, loaded.served(None))

    def loaded(self, use_case: str, version: str) -> LoadedVersion:
        """Return a version that answers nobody, for a replay; may load it."""
        loaded = self._versions.get(self._use_case(use_case), version)
        self._versions.evict(self._pinned())
        return loaded

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
            if self.find(name, CHAMPION) is not None
            and (name, CHAMPION) in self._failures
            and (reason := self._status(name)) is not None
        }

    def broken(self) -> set[str]:
        """Return the use cases that have a champion, and nothing that can serve as it."""
        return {
            name
            for name in self._use_cases
            if self.find(name, CHAMPION) is None and (name, CHAMPION) in self._failures
        }

    def unfit(self) -> dict[str, str]:
        """Return, for every use case whose champion was judged unfit, why."""
        return {name: reason for name, (_, _, reason) in self._unfit.items()}

    def untrusted(self) -> set[str]:
        """Return the use cases that an alias gives a version whose signature does not count."""
        return {
            use_case
            for (use_case, _), failure in list(self._failures.items())
            if failure.code == UntrustedSignature.code
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
            self._health.look()
            if self._trust.has_changed():
                self._distrust()
            for use_case, alias in sorted(self._wanted):
                self._settle(use_case, alias)
            for name in self._use_cases:
                self._confront(name)
            self._versions.evict(self._pinned())

    def _follow(self) -> None:
        while not self._stop.wait(POLL_S):
            try:
                self.refresh()
            except CrispMLError:
                continue  # what serves goes on serving; readiness looks at the stores itself

    def _distrust(self) -> None:
        """Let go of versions whose signature does not count any more; look at the others anew."""
        for use_case, version in self._trust.lost(self._versions.keys()):
            self._versions.drop((use_case, version))
            self._challengers.drop(use_case, version)
            for key, active in list(self._active.items()):
                if key[0] == use_case and _is(active, version):
                    del self._active[key]
        for key, failure in list(self._failures.items()):
            if failure.code == UntrustedSignature.code:
                self._failures[key] = replace(failure, at=-math.inf)

    def _settle(self, use_case: str, alias: str) -> None:
        """Let an alias mean the version that it points at, if that can serve."""
        event = self._events[use_case].get(alias)
        key, active = (use_case, alias), self.find(use_case, alias)
        before = self._failures.get(key)
        if event is None:
            if alias == CHAMPION and self._fall_back(use_case, missing(use_case)):
                self._tell_failure(use_case, before)
            else:  # it was removed, or what stood in for it was
                self._active.pop(key, None)
                self._failures.pop(key, None)
            return
        if alias == CHAMPION and self._is_answered_for(use_case, event.version):
            return
        if active is not None and not active.served.fallback and _is(active, event.version):
            self._failures.pop(key, None)
            return
        loaded = self._loaded(use_case, alias, event.version)
        if loaded is not None:
            self._active[key] = Active(loaded, loaded.served(alias))
            self._tell(EventKind.SERVING, use_case, event.version, None, alias)
            return
        if alias == CHAMPION and (active is None or active.served.fallback):
            self._fall_back(use_case, self._failures[key])
        self._tell_failure(use_case, before, alias)

    def _loaded(self, use_case: str, alias: str, version: str) -> LoadedVersion | None:
        """Return a version for an alias, or None and leave a failure; not at every look."""
        key = (use_case, alias)
        failure = self._failures.get(key)
        if failure is not None and failure.delays(version, self._clock()):
            return None
        try:
            if alias not in (CHAMPION, FALLBACK):  # whose moves the rules were asked about
                self._admission.check(use_case, version)
            loaded = self._versions.get(self._use_cases[use_case], version)
        except CrispMLError as error:
            self._failures[key] = Failure(version, error.message, self._clock(), error.code)
            return None
        self._failures.pop(key, None)
        return loaded

    def _confront(self, use_case: str) -> None:
        """Give the champion its challenger; who has taken the champion before goes on without."""
        champion = self.find(use_case, CHAMPION)
        if champion is None:
            return
        event = self._events[use_case].get(CHALLENGER)
        found = self._challengers.of(self._use_cases[use_case], champion.served, event)
        if found is not champion.challenger:
            self._active[use_case, CHAMPION] = replace(champion, challenger=found)

    def _is_answered_for(self, use_case: str, version: str) -> bool:
        """Whether the champion is unfit and the fallback answers in its place."""
        reason = self._health.unfit(use_case, version)
        if reason is None:
            self._unfit.pop(use_case, None)
            return False
        failure = Failure(version, f"it was judged unfit: {reason}", code=UNFIT)
        fallback = self._events[use_case].get(FALLBACK)
        stands_in = (
            fallback is not None
            and fallback.version != version
            and self._health.unfit(use_case, fallback.version) is None
            and self._fall_back(use_case, failure)
        )
        known, now = self._unfit.get(use_case), (version, stands_in, failure.reason)
        self._unfit[use_case] = now
        if known is None or known[:2] != now[:2]:
            kind = EventKind.FALLBACK if stands_in else EventKind.SERVING
            self._tell(kind, use_case, version, failure)
        return stands_in

    def _fall_back(self, use_case: str, failure: Failure) -> bool:
        """Let the fallback answer for the champion, and say whether it does."""
        event, active = self._events[use_case].get(FALLBACK), self.find(use_case, CHAMPION)
        if event is None:
            return False
        stands_in = active is not None and active.served.fallback
        if not stands_in or active is None or not _is(active, event.version):
            loaded = self._loaded(use_case, FALLBACK, event.version)
            if loaded is not None:
                served = loaded.served(CHAMPION, is_fallback=True)
                self._active[use_case, CHAMPION] = Active(loaded, served)
            elif not stands_in:
                return False
        self._failures[use_case, CHAMPION] = failure
        return True

    def _tell_failure(self, use_case: str, before: Failure | None, alias: str = CHAMPION) -> None:
        """Tell about the failure of an alias, unless it was told before."""
        failure = self._failures[use_case, alias]
        if before is None or (before.version, before.code) != (failure.version, failure.code):
            self._tell(EventKind.FALLBACK, use_case, failure.version or None, failure)

    def _tell(
        self,
        kind: EventKind,
        use_case: str,
        version: str | None,
        failure: Failure | None,
        alias: str = CHAMPION,
    ) -> None:
        self._note(
            ServingEvent(
                kind=kind,
                code=failure.code if failure is not None else "version_serves",
                use_case=use_case,
                version=version,
                detail=f"{alias} is served by this version" if failure is None else failure.reason,
            )
        )

    def _status(self, use_case: str) -> str | None:
        active = self.find(use_case, CHAMPION)
        failure = self._failures.get((use_case, CHAMPION))
        if failure is None and active is not None:
            if use_case not in self._unfit:
                return None
            version, _, reason = self._unfit[use_case]
            return f"version {version} goes on serving, as no fallback can, although {reason}"
        return sentence(
            None if active is None else active.served.version,
            active is not None and active.served.fallback,
            failure or missing(use_case),
        )

    def _pinned(self) -> set[tuple[str, str]]:
        active = list(self._active.items())
        return {(use_case, found.served.version) for (use_case, _), found in active} | {
            (use_case, found.challenger.served.version)
            for (use_case, _), found in active
            if found.challenger is not None
        }

    def _use_case(self, name: str) -> UseCase:
        if name not in self._use_cases:
            raise NotFound("use case", self._use_cases)
        return self._use_cases[name]


def _is(active: Active, version: str) -> bool:
    return active.served.version == version
