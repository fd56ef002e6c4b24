"""A model version that arrives file by file, and is seen when it is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from crispml_core.adapters.volume.errors import registry_errors
from crispml_core.adapters.volume.files import FILE_NAME
from crispml_core.adapters.volume.manifests import MANIFEST
from crispml_core.adapters.volume.publish import StagedFolder
from crispml_core.adapters.volume.seals import Seals
from crispml_core.domain.datasets import StoredFile
from crispml_core.domain.errors import (
    Conflict,
    MalformedContent,
    NotFound,
    UntrustedSignature,
)
from crispml_core.domain.models import ModelVersion
from crispml_core.domain.signatures import FILE as SIGNATURE


class VolumeIncomingVersion:
    """Receives a version as it is; see `crispml_core.ports.model_registry.IncomingVersion`.

    Parameters
    ----------
    root : Path
        The folder of the registry.
    destination : Path
        The folder that the version becomes.
    seals : Seals
        Signs it here.
    """

    def __init__(self, root: Path, destination: Path, seals: Seals) -> None:
        self._root, self._seals = root, seals
        self._staged, self._destination = StagedFolder(root), destination
        self._files: dict[str, StoredFile] = {}

    def write(self, file: str, chunks: Iterable[bytes]) -> StoredFile:
        """Write a file, the manifest included."""
        if not FILE_NAME.fullmatch(file) or file in self._files or file == SIGNATURE:
            raise MalformedContent("a file of the version has a wrong name, or comes twice")
        with registry_errors(), self._staged.open(file) as target:
            for chunk in chunks:
                target.write(chunk)
            self._files[file] = target.finish()
        return self._files[file]

    def get(self, model: str, version: str) -> ModelVersion:
        """Return the manifest that was written."""
        try:
            manifest = msgspec.json.decode(self._content(MANIFEST), type=ModelVersion)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise MalformedContent("the manifest of the version cannot be read") from None
        if (manifest.model, manifest.version) != (model, version):
            raise MalformedContent("the manifest belongs to another version")
        written = {name: file for name, file in self._files.items() if name != MANIFEST}
        if written != {file.name: file for file in manifest.files}:
            raise MalformedContent("the files of the version are not those of its manifest")
        return manifest

    def read(self, model: str, version: str, file: str) -> bytes:
        """Return a file that was written."""
        return self._content(file)

    def publish(self) -> bool:
        """Make the version visible; False when the same bytes are there already.

        If those have no signature that counts here, they get one: they were just verified.
        """
        self._seals.write(self._staged, self._content(MANIFEST))
        if self._staged.publish(self._destination):
            return True
        with registry_errors():
            there = (self._destination / MANIFEST).read_bytes()
        if hashlib.sha256(there).hexdigest() != self._files[MANIFEST].sha256:
            raise Conflict("this model version exists with other bytes; versions never change")
        try:
            self._seals.check(self._destination, there)
        except UntrustedSignature:
            self._seals.renew(self._root, self._destination, there)
        return False

    def discard(self) -> None:
        """Remove what was written; harmless after `publish`."""
        self._staged.discard()

    def _content(self, file: str) -> bytes:
        if file not in self._files:
            raise NotFound("file of the model version", self._files)
        with registry_errors():
            return self._staged.read(file)
