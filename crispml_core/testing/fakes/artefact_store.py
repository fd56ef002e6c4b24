"""Artefacts in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from crispml_core.domain.datasets import StoredFile
from crispml_core.domain.errors import Conflict, NotFound
from crispml_core.domain.models import Artefact, ArtefactKind


class FakeArtefactStore:
    """An `ArtefactStore` that forgets everything with the process."""

    def __init__(self) -> None:
        self._stored: dict[str, tuple[Artefact, dict[str, bytes]]] = {}

    def publish(self, artefact: Artefact, files: Mapping[str, bytes]) -> Artefact:
        """Store the artefact and its files; raise `Conflict` when its id is taken."""
        if artefact.id in self._stored:
            raise Conflict("an artefact with this id exists; artefacts never change")
        published = replace(artefact, files=stored_files(files))
        self._stored[artefact.id] = (published, dict(files))
        return published

    def get(self, artefact_id: str, kind: ArtefactKind | None = None) -> Artefact:
        """Return the manifest, or raise `NotFound` when it is not there or of another kind."""
        found = self._stored.get(artefact_id)
        if found is None or kind not in (None, found[0].kind):
            raise NotFound(kind.value if kind else "artefact")
        return found[0]

    def read(self, artefact_id: str, file: str) -> bytes:
        """Return a file."""
        self.get(artefact_id)
        files = self._stored[artefact_id][1]
        if file not in files:
            raise NotFound("file of the artefact", files)
        return files[file]

    def find(self, use_case: str | None = None, kind: ArtefactKind | None = None) -> list[Artefact]:
        """Return the manifests, newest first."""
        found = [
            artefact
            for artefact, _ in self._stored.values()
            if use_case in (None, artefact.use_case) and kind in (None, artefact.kind)
        ]
        return sorted(found, key=lambda artefact: (artefact.created_at, artefact.id), reverse=True)


def stored_files(files: Mapping[str, bytes]) -> tuple[StoredFile, ...]:
    """Describe files as a manifest does, in the order of their names."""
    return tuple(
        StoredFile(name, len(files[name]), hashlib.sha256(files[name]).hexdigest())
        for name in sorted(files)
    )
