"""The durable store of what runs made and nobody published yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from crispml_core.domain.models import Artefact, ArtefactKind


class ArtefactStore(Protocol):
    """Immutable artefacts, found by id."""

    def publish(self, artefact: Artefact, files: Mapping[str, bytes]) -> Artefact:
        """Store the artefact and its files in one step; returns it with the files filled in."""
        ...

    def get(self, artefact_id: str, kind: ArtefactKind | None = None) -> Artefact:
        """Return the manifest, or raise `NotFound` when it is not there or of another kind."""
        ...

    def read(self, artefact_id: str, file: str) -> bytes:
        """Return a file whose digest is the manifest's, else raise `RegistryDamaged`."""
        ...

    def find(self, use_case: str | None = None, kind: ArtefactKind | None = None) -> list[Artefact]:
        """Return the manifests, newest first."""
        ...
