"""Model versions in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import msgspec

from crispml_core.domain.datasets import StoredFile
from crispml_core.domain.errors import Conflict, MalformedContent, NotFound
from crispml_core.domain.identifiers import check_name
from crispml_core.domain.models import ModelVersion
from crispml_core.testing.fakes.artefact_store import stored_files

_MANIFEST = "manifest.json"


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
        return hashlib.sha256(self.manifest_bytes(model, version)).hexdigest()

    def manifest_bytes(self, model: str, version: str) -> bytes:
        """Return the manifest as it would be stored."""
        return msgspec.json.encode(self.get(model, version))

    def chunks(self, model: str, version: str, file: str) -> Iterator[bytes]:
        """Yield a file."""
        yield self.read(model, version, file)

    def receive(self, model: str, version: str) -> FakeIncomingVersion:
        """Start to receive a version."""
        check_name(model, "the name of a model")
        check_name(version, "the name of a version")
        return FakeIncomingVersion(self, self._stored, (model, version))

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


class FakeIncomingVersion:
    """An `IncomingVersion` in memory."""

    def __init__(
        self,
        registry: FakeModelRegistry,
        stored: dict[tuple[str, str], tuple[ModelVersion, dict[str, bytes]]],
        key: tuple[str, str],
    ) -> None:
        self._registry, self._stored, self._key = registry, stored, key
        self._files: dict[str, bytes] = {}

    def write(self, file: str, chunks: Iterable[bytes]) -> StoredFile:
        """Write a file."""
        if file in self._files:
            raise MalformedContent("a file of the version comes twice")
        self._files[file] = b"".join(chunks)
        return stored_files({file: self._files[file]})[0]

    def get(self, model: str, version: str) -> ModelVersion:
        """Return the manifest that was written."""
        try:
            manifest = msgspec.json.decode(self.read(model, version, _MANIFEST), type=ModelVersion)
        except msgspec.DecodeError:
            raise MalformedContent("the manifest of the version cannot be read") from None
        if (manifest.model, manifest.version) != (model, version):
            raise MalformedContent("the manifest belongs to another version")
        files = {name: content for name, content in self._files.items() if name != _MANIFEST}
        if manifest.files != stored_files(files):
            raise MalformedContent("the files of the version are not those of its manifest")
        return manifest

    def read(self, model: str, version: str, file: str) -> bytes:
        """Return a file that was written."""
        if file not in self._files:
            raise NotFound("file of the model version", self._files)
        return self._files[file]

    def publish(self) -> bool:
        """Make the version visible; False when the same bytes are there already."""
        if self._key in self._stored:
            if self._registry.manifest_bytes(*self._key) != self._files[_MANIFEST]:
                raise Conflict("this model version exists with other bytes; versions never change")
            return False
        manifest = self.get(*self._key)
        files = {name: content for name, content in self._files.items() if name != _MANIFEST}
        self._stored[self._key] = (manifest, files)
        return True

    def discard(self) -> None:
        """Forget what was written."""
