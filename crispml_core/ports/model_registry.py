"""The durable store of model versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from crispml_core.domain.models import ModelVersion


class ModelRegistry(Protocol):
    """Immutable model versions, found by model and version."""

    def publish(
        self, manifest: ModelVersion, files: Mapping[str, bytes], run_id: str = ""
    ) -> ModelVersion:
        """Store a version in one step; raise `Conflict` when it exists."""
        ...

    def get(self, model: str, version: str) -> ModelVersion:
        """Return the manifest, or raise `NotFound`."""
        ...

    def digest(self, model: str, version: str) -> str:
        """Return the SHA-256 of the manifest as it is stored, or raise `NotFound`.

        See `crispml_core.domain.models.PublishedVersion`.
        """
        ...

    def read(self, model: str, version: str, file: str) -> bytes:
        """Return a file whose digest is the manifest's, else raise `RegistryDamaged`."""
        ...

    def models(self) -> list[str]:
        """Return the names of the registered models, sorted."""
        ...

    def versions(self, model: str) -> list[ModelVersion]:
        """Return the manifests, newest first; empty for an unknown model."""
        ...
