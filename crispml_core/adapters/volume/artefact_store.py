"""Artefacts on the volume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from crispml_core.adapters.volume.errors import registry_errors
from crispml_core.adapters.volume.files import FOLDER_NAME, read_checked
from crispml_core.adapters.volume.manifests import MANIFEST, Manifests, encode_manifest
from crispml_core.adapters.volume.publish import StagedFolder
from crispml_core.domain.errors import Conflict, NotFound
from crispml_core.domain.models import Artefact, ArtefactKind

FOLDER = "artifacts"


class VolumeArtefactStore:
    """Keeps each artefact in a folder of its own; see `ports.artefact_store.ArtefactStore`.

    Parameters
    ----------
    root : Path
        The folder of the registry; created at the first write.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._manifests = Manifests(root, Artefact, lambda artefact: f"{FOLDER}/{artefact.id}")

    def publish(self, artefact: Artefact, files: Mapping[str, bytes]) -> Artefact:
        """Store the artefact and its files in one step; returns it with the files filled in.

        Raises
        ------
        Conflict
            If its id is taken.
        """
        staged = StagedFolder(self._root, artefact.run_id)
        try:
            published = replace(artefact, files=staged.write_all(files))
            staged.write(MANIFEST, encode_manifest(published))
            if not staged.publish(self._root / FOLDER / artefact.id):
                raise Conflict("an artefact with this id exists; artefacts never change")
        finally:
            staged.discard()
        return published

    def get(self, artefact_id: str, kind: ArtefactKind | None = None) -> Artefact:
        """Return the manifest, or raise `NotFound` when it is not there or of another kind."""
        found = None
        if FOLDER_NAME.fullmatch(artefact_id):
            found = self._manifests.read(self._root / FOLDER / artefact_id)
        if found is None or kind not in (None, found.kind):
            raise NotFound(kind.value if kind else "artefact")
        return found

    def read(self, artefact_id: str, file: str) -> bytes:
        """Return a file, checked against the digest in the manifest."""
        artefact = self.get(artefact_id)
        stored = {entry.name: entry for entry in artefact.files}
        if file not in stored:
            raise NotFound("file of the artefact", stored)
        with registry_errors():
            return read_checked(self._root, self._root / FOLDER / artefact.id, stored[file])

    def find(self, use_case: str | None = None, kind: ArtefactKind | None = None) -> list[Artefact]:
        """Return the manifests, newest first."""
        found = [
            artefact
            for artefact in self._manifests.scan(self._root / FOLDER)
            if use_case in (None, artefact.use_case) and kind in (None, artefact.kind)
        ]
        return sorted(found, key=lambda artefact: (artefact.created_at, artefact.id), reverse=True)
