"""The durable store of model versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from crispml_core.domain.datasets import StoredFile
from crispml_core.domain.models import ModelVersion
from crispml_core.domain.signatures import Signature


class VersionFiles(Protocol):
    """What loading a version needs."""

    def get(self, model: str, version: str) -> ModelVersion:
        """Return the manifest."""
        ...

    def read(self, model: str, version: str, file: str) -> bytes:
        """Return a file whose digest is the manifest's."""
        ...


class IncomingVersion(VersionFiles, Protocol):
    """A version that arrives file by file; nobody sees it before `publish`."""

    def write(self, file: str, chunks: Iterable[bytes]) -> StoredFile:
        """Write a file, the manifest included, and say what was written."""
        ...

    def publish(self) -> bool:
        """Make the version visible.

        Returns
        -------
        bool
            False when the same bytes are there already.

        Raises
        ------
        Conflict
            If other bytes are there under this name.
        """
        ...

    def discard(self) -> None:
        """Remove what was written; harmless after `publish`."""
        ...


class ModelRegistry(Protocol):
    """Immutable model versions, found by model and version.

    A version is signed when it is published or received. Where signatures are required, one that
    nobody trusted has signed raises `UntrustedSignature` before anything of it is parsed.
    """

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

    def raw_digest(self, model: str, version: str) -> str:
        """Return the SHA-256 of the manifest, whoever signed it, or raise `NotFound`."""
        ...

    def signature(self, model: str, version: str) -> Signature | None:
        """Return the signature of a version that can be used; None where none is needed."""
        ...

    def sign(self, model: str, version: str, digest: str) -> None:
        """Sign a version anew, after each of its files was held against the manifest.

        Raises
        ------
        NotFound
            If there is no such version.
        Conflict
            If `digest` is not that of the manifest.
        RegistryDamaged
            If a file is not what the manifest says.
        """
        ...

    def read(self, model: str, version: str, file: str) -> bytes:
        """Return a file whose digest is the manifest's, else raise `RegistryDamaged`."""
        ...

    def chunks(self, model: str, version: str, file: str) -> Iterator[bytes]:
        """Yield a file in pieces; raise `RegistryDamaged` at the end when it differs."""
        ...

    def manifest_bytes(self, model: str, version: str) -> bytes:
        """Return the manifest as it is stored."""
        ...

    def receive(self, model: str, version: str) -> IncomingVersion:
        """Start to receive a version as it is, byte for byte."""
        ...

    def models(self) -> list[str]:
        """Return the names of the registered models, sorted."""
        ...

    def versions(self, model: str) -> list[ModelVersion]:
        """Return the manifests, newest first; empty for an unknown model."""
        ...
