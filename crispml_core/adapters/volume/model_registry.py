"""Model versions on the volume."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from crispml_core.adapters.volume.errors import damaged, registry_errors
from crispml_core.adapters.volume.files import FOLDER_NAME, chunks_checked, read_checked
from crispml_core.adapters.volume.incoming_version import VolumeIncomingVersion
from crispml_core.adapters.volume.manifests import MANIFEST, Manifests, encode_manifest, subfolders
from crispml_core.adapters.volume.publish import StagedFolder
from crispml_core.adapters.volume.seals import Seals
from crispml_core.domain.errors import Conflict, NotFound
from crispml_core.domain.identifiers import check_name
from crispml_core.domain.models import ModelVersion
from crispml_core.domain.signatures import Signature
from crispml_core.ports.signer import Signer, Verifier

FOLDER = "models"


class VolumeModelRegistry:
    """Keeps each version in a folder of its own; see `ports.model_registry.ModelRegistry`.

    Parameters
    ----------
    root : Path
        The folder of the registry; created at the first write.
    signer, verifier : optional
        Sign versions, and say whose signatures count. Without a verifier every version is used,
        as in a folder that nobody else can write.
    """

    def __init__(
        self, root: Path, signer: Signer | None = None, verifier: Verifier | None = None
    ) -> None:
        self._root = root
        self._seals = Seals(signer, verifier)
        self._manifests = Manifests(
            root,
            ModelVersion,
            lambda version: f"{FOLDER}/{version.model}/{version.version}",
            self._seals.check,
            self._seals.trust,
        )

    def publish(
        self, manifest: ModelVersion, files: Mapping[str, bytes], run_id: str = ""
    ) -> ModelVersion:
        """Store a version in one step; raise `Conflict` when it exists."""
        check_name(manifest.model, "the name of a model")
        check_name(manifest.version, "the name of a version")
        staged = StagedFolder(self._root, run_id)
        try:
            published = replace(manifest, files=staged.write_all(files))
            content = encode_manifest(published)
            staged.write(MANIFEST, content)
            self._seals.write(staged, content)
            if not staged.publish(self._root / FOLDER / manifest.model / manifest.version):
                raise Conflict("this model version exists; versions never change")
        finally:
            staged.discard()
        return published

    def get(self, model: str, version: str) -> ModelVersion:
        """Return the manifest, or raise `NotFound`, or `UntrustedSignature` unread."""
        return self._find(model, version)[0]

    def digest(self, model: str, version: str) -> str:
        """Return the SHA-256 of the manifest as it is stored; the errors are those of `get`."""
        return self._find(model, version)[1]

    def raw_digest(self, model: str, version: str) -> str:
        """Return the SHA-256 of the manifest, whoever signed it, or raise `NotFound`."""
        return hashlib.sha256(self._raw_manifest(model, version)).hexdigest()

    def signature(self, model: str, version: str) -> Signature | None:
        """Return the signature of a version that can be used; None where none is needed."""
        self.get(model, version)
        return self._seals.read(self._root / FOLDER / model / version)

    def sign(self, model: str, version: str, digest: str) -> None:
        """Sign a version anew, after each of its files was held against the manifest."""
        content = self._raw_manifest(model, version)
        if hashlib.sha256(content).hexdigest() != digest:
            raise Conflict("the manifest of this version changed meanwhile; look at it again")
        folder = self._root / FOLDER / model / version
        for file in self._manifests.decode(content, folder).files:
            with registry_errors():
                for _ in chunks_checked(self._root, folder, file):
                    pass
        self._seals.renew(self._root, folder, content)

    def _raw_manifest(self, model: str, version: str) -> bytes:
        if FOLDER_NAME.fullmatch(model) and FOLDER_NAME.fullmatch(version):
            with registry_errors():
                try:
                    return (self._root / FOLDER / model / version / MANIFEST).read_bytes()
                except (FileNotFoundError, NotADirectoryError):
                    pass
        raise NotFound("model version")

    def _find(self, model: str, version: str) -> tuple[ModelVersion, str]:
        found = None
        if FOLDER_NAME.fullmatch(model) and FOLDER_NAME.fullmatch(version):
            found = self._manifests.read_with_digest(self._root / FOLDER / model / version)
        if found is None:
            raise NotFound("model version")
        return found

    def read(self, model: str, version: str, file: str) -> bytes:
        """Return a file, checked against the digest in the manifest."""
        manifest = self.get(model, version)
        stored = {entry.name: entry for entry in manifest.files}
        if file not in stored:
            raise NotFound("file of the model version", stored)
        folder = self._root / FOLDER / manifest.model / manifest.version
        with registry_errors():
            return read_checked(self._root, folder, stored[file])

    def chunks(self, model: str, version: str, file: str) -> Iterator[bytes]:
        """Yield a file in pieces; at its end it is checked against the digest in the manifest."""
        manifest = self.get(model, version)
        stored = {entry.name: entry for entry in manifest.files}
        if file not in stored:
            raise NotFound("file of the model version", stored)
        folder = self._root / FOLDER / manifest.model / manifest.version
        with registry_errors():
            yield from chunks_checked(self._root, folder, stored[file])

    def manifest_bytes(self, model: str, version: str) -> bytes:
        """Return the manifest as it is stored; the errors are those of `get`."""
        digest = self.digest(model, version)
        content = self._raw_manifest(model, version)
        if hashlib.sha256(content).hexdigest() != digest:
            raise damaged(f"{FOLDER}/{model}/{version}/{MANIFEST}", "changed while it was read")
        return content

    def receive(self, model: str, version: str) -> VolumeIncomingVersion:
        """Start to receive a version as it is."""
        check_name(model, "the name of a model")
        check_name(version, "the name of a version")
        folder = self._root / FOLDER / model / version
        return VolumeIncomingVersion(self._root, folder, self._seals)

    def models(self) -> list[str]:
        """Return the names of the models that have a version, sorted."""
        return [
            folder.name
            for folder in subfolders(self._root / FOLDER)
            if any((version / MANIFEST).exists() for version in subfolders(folder))
        ]

    def versions(self, model: str) -> list[ModelVersion]:
        """Return the manifests, newest first; empty for an unknown model."""
        if not FOLDER_NAME.fullmatch(model):
            return []
        found = self._manifests.scan(self._root / FOLDER / model)
        return sorted(found, key=lambda entry: (entry.created_at, entry.version), reverse=True)
