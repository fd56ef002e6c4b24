"""Model versions in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import msgspec

from crispml_core.domain.datasets import StoredFile
from crispml_core.domain.errors import (
    Conflict,
    MalformedContent,
    NotFound,
    RegistryDamaged,
    UntrustedSignature,
)
from crispml_core.domain.identifiers import check_name
from crispml_core.domain.models import ModelVersion
from crispml_core.domain.signatures import FILE as SIGNATURE
from crispml_core.domain.signatures import Signature
from crispml_core.ports.signer import Signer, Verifier
from crispml_core.testing.fakes.artefact_store import stored_files

_MANIFEST = "manifest.json"


class FakeModelRegistry:
    """A `ModelRegistry` that forgets everything with the process.

    Parameters
    ----------
    signer, verifier : optional
        Sign versions, and say whose signatures count.
    """

    def __init__(self, signer: Signer | None = None, verifier: Verifier | None = None) -> None:
        self._stored: dict[tuple[str, str], tuple[ModelVersion, dict[str, bytes]]] = {}
        self.signer, self.verifier = signer, verifier
        self._signatures: dict[tuple[str, str], Signature] = {}

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
        self._seal(key)
        return published

    def get(self, model: str, version: str) -> ModelVersion:
        """Return the manifest, or raise `NotFound`, or `UntrustedSignature`."""
        content = self._raw_manifest(model, version)
        if self.verifier is not None:
            if (model, version) not in self._signatures:
                raise UntrustedSignature(f"version {model}/{version} is not used: it is not signed")
            self.verifier.verify(content, self._signatures[model, version])
        return self._stored[model, version][0]

    def digest(self, model: str, version: str) -> str:
        """Return the SHA-256 of the manifest."""
        return hashlib.sha256(self.manifest_bytes(model, version)).hexdigest()

    def raw_digest(self, model: str, version: str) -> str:
        """Return the SHA-256 of the manifest, whoever signed it."""
        return hashlib.sha256(self._raw_manifest(model, version)).hexdigest()

    def signature(self, model: str, version: str) -> Signature | None:
        """Return the signature of a version that can be used."""
        self.get(model, version)
        return self._signatures.get((model, version))

    def sign(self, model: str, version: str, digest: str) -> None:
        """Sign a version anew."""
        if self.raw_digest(model, version) != digest:
            raise Conflict("the manifest of this version changed meanwhile; look at it again")
        manifest, files = self._stored[model, version]
        if manifest.files != stored_files(files):
            raise RegistryDamaged("a file of the version is not what its manifest says")
        self._seal((model, version))

    def _seal(self, key: tuple[str, str]) -> None:
        if self.signer is not None:
            self._signatures[key] = self.signer.sign(self._raw_manifest(*key))

    def _raw_manifest(self, model: str, version: str) -> bytes:
        if (model, version) not in self._stored:
            raise NotFound("model version")
        return msgspec.json.encode(self._stored[model, version][0])

    def manifest_bytes(self, model: str, version: str) -> bytes:
        """Return the manifest as it would be stored."""
        self.get(model, version)
        return self._raw_manifest(model, version)

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
        found = [
            manifest
            for (name, version), (manifest, _) in self._stored.items()
            if name == model and self._is_usable(name, version)
        ]
        return sorted(found, key=lambda entry: (entry.created_at, entry.version), reverse=True)

    def _is_usable(self, model: str, version: str) -> bool:
        try:
            self.get(model, version)
        except UntrustedSignature:
            return False
        return True


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
        if file in self._files or file == SIGNATURE:
            raise MalformedContent("a file of the version has a wrong name, or comes twice")
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
            sent = hashlib.sha256(self._files[_MANIFEST]).hexdigest()
            if self._registry.raw_digest(*self._key) != sent:
                raise Conflict("this model version exists with other bytes; versions never change")
            if not self._registry._is_usable(*self._key):
                self._registry._seal(self._key)
            return False
        manifest = self.get(*self._key)
        files = {name: content for name, content in self._files.items() if name != _MANIFEST}
        self._stored[self._key] = (manifest, files)
        self._registry._seal(self._key)
        return True

    def discard(self) -> None:
        """Forget what was written."""
