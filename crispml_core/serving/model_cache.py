"""The loaded versions of a process, and which of them an alias means now."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from crispml_core.domain.errors import CrispMLError, NotFound, NotReady
from crispml_core.domain.models import CHAMPION
from crispml_core.domain.use_case import UseCase
from crispml_core.ports.alias_log import AliasLog
from crispml_core.ports.scorer import Scorer
from crispml_core.serving.version_loader import VersionLoader

# An alias move must take effect within a second.
ALIAS_AGE_S = 0.5
MAX_VERSIONS = 8


class ModelCache:
    """Finds the scorer for an alias or a version; loads what is not in memory, drops the oldest."""

    def __init__(
        self,
        aliases: AliasLog,
        loader: VersionLoader,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._aliases, self._loader, self._clock = aliases, loader, clock
        self._scorers: OrderedDict[tuple[str, str], Scorer] = OrderedDict()
        self._loading: dict[tuple[str, str], threading.Lock] = {}
        self._seen: dict[tuple[str, str], tuple[float, str]] = {}
        self._lock = threading.Lock()

    def resolve(self, use_case: UseCase, alias: str) -> str:
        """Return the version that an alias points at, at most `ALIAS_AGE_S` ago.

        Raises
        ------
        NotReady
            If there is no champion yet.
        NotFound
            If there is no such alias; its name is the caller's, so it is not repeated.
        """
        key, now = (use_case.name, alias), self._clock()
        seen_at, version = self._seen.get(key, (float("-inf"), ""))
        if now - seen_at < ALIAS_AGE_S:
            return version
        event = self._aliases.current(use_case.name, alias)
        if event is None and alias == CHAMPION:
            raise NotReady(
                f"model {use_case.name} has no {CHAMPION} yet; train a version and set the alias"
            )
        if event is None:
            raise NotFound("alias", self._aliases.aliases(use_case.name))
        self._seen[key] = (now, event.version)
        return event.version

    def scorer(self, use_case: UseCase, version: str) -> Scorer:
        """Return the loaded version; see `VersionLoader.load` for the errors.

        Threads that want the same version wait for the one that loads it; a version that is in
        memory answers meanwhile.
        """
        key = (use_case.name, version)
        with self._lock:
            scorer = self._find(key)
            if scorer is not None:
                return scorer
            loading = self._loading.setdefault(key, threading.Lock())
        with loading:
            with self._lock:
                scorer = self._find(key)
            if scorer is not None:
                return scorer
            try:
                scorer = self._loader.load(use_case, version)
                with self._lock:
                    self._keep(key, scorer)
            finally:
                with self._lock:
                    self._loading.pop(key, None)
            return scorer

    def check(self, use_case: UseCase, alias: str = CHAMPION) -> str | None:
        """Return None when the alias can serve, else why it cannot."""
        try:
            self.scorer(use_case, self.resolve(use_case, alias))
        except CrispMLError as error:
            return error.message
        return None

    def _find(self, key: tuple[str, str]) -> Scorer | None:
        if key in self._scorers:
            self._scorers.move_to_end(key)
        return self._scorers.get(key)

    def _keep(self, key: tuple[str, str], scorer: Scorer) -> None:
        self._scorers[key] = scorer
        if len(self._scorers) > MAX_VERSIONS:
            self._scorers.popitem(last=False)
