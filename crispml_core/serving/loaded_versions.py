"""Model versions in memory: loaded once, dropped when memory is short."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection

from crispml_core.domain.conformal import ConformalTable
from crispml_core.domain.errors import CrispMLError, NotReady, describe_failure
from crispml_core.domain.seen import RowView
from crispml_core.domain.use_case import UseCase
from crispml_core.governance.privacy import is_private
from crispml_core.methods.new_data_score import NewDataScore
from crispml_core.ports.scorer import Scorer
from crispml_core.serving.explain.explainer import Explainer
from crispml_core.serving.ledger_writer import Served
from crispml_core.serving.privacy import Privacy
from crispml_core.serving.private_records import PrivateRecords
from crispml_core.serving.seeing import as_seen_by

Key = tuple[str, str]


class LoadedVersion:
    """A version that has proved itself and may answer.

    Parameters
    ----------
    scorer : Scorer
        The version.
    privacy : PrivateRecords, optional
        What is done to the records of the use case before they are stored.
    """

    def __init__(
        self, use_case: UseCase, scorer: Scorer, privacy: PrivateRecords | None = None
    ) -> None:
        self.privacy = privacy
        self.use_case, self.scorer, self.manifest = use_case, scorer, scorer.manifest
        table = self.manifest.conformal
        seen = as_seen_by(use_case, self.manifest)
        view = RowView(use_case.schema, seen.schema)
        explainer = Explainer(seen, scorer.plan, self.manifest.version)
        self.method = NewDataScore(
            use_case,
            scorer,
            ConformalTable.from_dict(table) if table else None,
            explainer.explain_rows
            if view.is_clear
            else lambda rows: explainer.explain_rows(view.rows(rows)),
        )

    def served(self, alias: str | None, *, is_fallback: bool = False) -> Served:
        """Return what groups say when this version answers under an alias.

        Raises
        ------
        NotReady
            If its records would be stored without what their policies ask for.
        """
        if self.privacy is None and is_private(self.use_case):
            raise NotReady(f"nothing here applies the privacy policies of {self.use_case.name}")
        return Served(
            use_case=self.use_case.name,
            model=self.manifest.model,
            version=self.manifest.version,
            alias=alias,
            classes=self.manifest.classes,
            fields=self.use_case.schema.stored,
            fallback=is_fallback,
            privacy=self.privacy,
        )


class LoadedVersions:
    """Loads versions and keeps those that were used last.

    Threads that want the same version wait for the one that loads it.

    Parameters
    ----------
    load : callable
        Loads a scorer; see `crispml_core.serving.version_loader.VersionLoader.load`.
    memory_bytes : int
        How much the versions may weigh together; pinned ones stay in any case.
    privacy : Privacy, optional
        What the process has to apply privacy policies with.
    """

    def __init__(
        self,
        load: Callable[[UseCase, str], Scorer],
        memory_bytes: int,
        privacy: Privacy | None = None,
    ) -> None:
        self._load, self._memory_bytes = load, memory_bytes
        self._privacy = Privacy() if privacy is None else privacy
        self._private: dict[str, PrivateRecords | None] = {}
        self._versions: OrderedDict[Key, LoadedVersion] = OrderedDict()
        self._loading: dict[Key, threading.Lock] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._versions)

    def find(self, use_case: str, version: str) -> LoadedVersion | None:
        """Return a version if it is in memory."""
        with self._lock:
            found = self._versions.get((use_case, version))
            if found is not None:
                self._versions.move_to_end((use_case, version))
            return found

    def get(self, use_case: UseCase, version: str) -> LoadedVersion:
        """Return a version, loading it if need be.

        Raises
        ------
        NotFound, NotReady, RegistryDamaged
            See `crispml_core.serving.version_loader.VersionLoader.load`.
        """
        key = (use_case.name, version)
        if (found := self.find(*key)) is not None:
            return found
        with self._lock:
            loading = self._loading.setdefault(key, threading.Lock())
        with loading:
            if (found := self.find(*key)) is not None:
                return found
            try:
                loaded = self._loaded(use_case, version)
                with self._lock:
                    self._versions[key] = loaded
                return loaded
            finally:
                with self._lock:
                    self._loading.pop(key, None)

    def _loaded(self, use_case: UseCase, version: str) -> LoadedVersion:
        try:
            scorer = self._load(use_case, version)
            return LoadedVersion(use_case, scorer, self.privacy(use_case))
        except CrispMLError:
            raise
        except Exception as error:
            # A broken version must not take down those that serve, nor other use cases.
            raise NotReady(
                f"version {version} cannot be loaded here: {describe_failure(error)}"
            ) from error

    def keys(self) -> list[Key]:
        """Return use case and version of what is in memory."""
        with self._lock:
            return list(self._versions)

    def drop(self, key: Key) -> None:
        """Forget a version; it has to be loaded, and prove itself, again."""
        with self._lock:
            self._versions.pop(key, None)

    def privacy(self, use_case: UseCase) -> PrivateRecords | None:
        """Return what is done to the records of a use case before they are stored, if anything.

        Raises
        ------
        InvalidInput
            If a policy needs a key that the process has not.
        """
        if use_case.name not in self._private:
            self._private[use_case.name] = self._privacy.of(use_case)
        return self._private[use_case.name]

    def evict(self, pinned: Collection[Key]) -> list[Key]:
        """Drop the versions that were not used for longest until the others fit; return them."""
        dropped = []
        with self._lock:
            weight = sum(loaded.scorer.size_bytes for loaded in self._versions.values())
            for key in list(self._versions):
                if weight <= self._memory_bytes:
                    break
                if key not in pinned:
                    weight -= self._versions.pop(key).scorer.size_bytes
                    dropped.append(key)
        return dropped
