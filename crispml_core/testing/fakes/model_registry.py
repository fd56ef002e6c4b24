"""Model versions in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import msgspec

from crispml_core.domain.errors import Conflict, NotFound
from crispml_core.domain.identifiers import check_name
from crispml_core.domain.models import ModelVersion
from crispml_core.testing.fakes.artefact_store import stored_files


class FakeModelRegistry:
    """A `ModelRegistry` that forgets everything with the process."""

    def __init__(self) -> None:
        self._stored: dict[tuple[str, str], tuple[ModelVersion, dict[str, bytes]]] = {}

    def publish(
        self, manifest: ModelVersion, files: Mapping[str, bytes], run_id: str = ""
    ) -> ModelVersion:
        """Store a version; raise `Conflict` when it exists."""
        check_name(manifest.model, "the name of a model")
        check_name(manifest.version, "the name of a version")
        key = (manifest.model, manifest.version)
        if key in self._stored:
            raise Conflict("this model version exists; versions never change")
        published = replace(manifest, files=stored_files(files))
        self._stored[key] = (published, dict(files))
        return published

    def get(self, model: str, version: str) -> ModelVersion:
        """Return the manifest, or raise `NotFound`."""
        if (model, version) not in self._stored:
            raise NotFound("model version")
        return self._stored[model, version][0]

    def digest(self, model: str, version: str) -> str:
        """Return the SHA-256 of the manifest."""
        return hashlib.sha256(msgspec.json.encode(self.get(model, version))).hexdigest()

    def read(self, model: str, version: str, file: str) -> bytes:
        """Return a file."""
        self.get(model, version)
        files = self._stored[model, version][1]
        if file not in files:
            raise NotFound("file of the model version", files)
        return files[file]

    def models(self) -> list[str]:
        """Return the names of the models that have a version, sorted."""
        return sorted({model for model, _ in self._stored})

    def versions(self, model: str) -> list[ModelVersion]:
        """Return the manifests, newest first; empty for an unknown model."""
        found = [manifest for (name, _), (manifest, _) in self._stored.items() if name == model]
        return sorted(found, key=lambda entry: (entry.created_at, entry.version), reverse=True)
