"""Manifests: the small JSON file that makes a folder a data set, an artefact or a model version."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from crispml_core.adapters.volume.errors import damaged, registry_errors
from crispml_core.domain.errors import RegistryDamaged, UntrustedSignature

MANIFEST = "manifest.json"

M = TypeVar("M")


def encode_manifest(manifest: Any) -> bytes:
    """Return the manifest as JSON that a person can read."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


class Manifests(Generic[M]):
    """Reads manifests of one type and keeps the decoded ones, as published folders never change.

    Parameters
    ----------
    root : Path
        The folder of the registry.
    kind : type
        The dataclass of the manifest.
    folder_of : callable
        Returns the folder, relative to the root, that a manifest belongs to.
    check : callable, optional
        Gets a folder and the bytes of its manifest before they are decoded; raises when they must
        not be.
    trust : callable, optional
        Returns, for a folder, something that differs when `check` may have become another.
    """

    def __init__(
        self,
        root: Path,
        kind: type[M],
        folder_of: Callable[[M], str],
        check: Callable[[Path, bytes], None] = lambda folder, content: None,
        trust: Callable[[Path], object] = lambda folder: None,
    ) -> None:
        self._root = root
        self._check, self._trust = check, trust
        self._decoder = msgspec.json.Decoder(kind)
        self._folder_of = folder_of
        self._known: dict[Path, tuple[object, M, str]] = {}

    def read(self, folder: Path) -> M | None:
        """Return the manifest of a folder, or None when there is none.

        Raises
        ------
        RegistryDamaged
            If it cannot be read or belongs to another folder.
        UntrustedSignature
            If it must be signed, and is not by somebody trusted.
        """
        found = self.read_with_digest(folder)
        return None if found is None else found[0]

    def read_with_digest(self, folder: Path) -> tuple[M, str] | None:
        """Return the manifest and the SHA-256 of its file; see `read`."""
        path = folder / MANIFEST
        with registry_errors():
            try:
                found = path.stat()
            except (FileNotFoundError, NotADirectoryError):
                self._known.pop(path, None)
                return None
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino, self._trust(folder))
            known = self._known.get(path)
            if known is None or known[0] != stamp:
                content = path.read_bytes()
                self._check(folder, content)
                digest = hashlib.sha256(content).hexdigest()
                known = (stamp, self.decode(content, folder), digest)
                self._known[path] = known
        return known[1], known[2]

    def scan(self, parent: Path) -> Iterator[M]:
        """Yield the manifests of the folders in `parent`; one that cannot be used is left out.

        A list stays useful when one folder is broken; asking for that folder says what is wrong.
        """
        for folder in subfolders(parent):
            try:
                manifest = self.read(folder)
            except (RegistryDamaged, UntrustedSignature):
                continue
            if manifest is not None:
                yield manifest

    def decode(self, content: bytes, folder: Path) -> M:
        """Return the manifest that some bytes are, or raise `RegistryDamaged`."""
        relative = folder.relative_to(self._root).as_posix()
        try:
            manifest = self._decoder.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise damaged(f"{relative}/{MANIFEST}", "is not a manifest") from None
        if self._folder_of(manifest) != relative:
            raise damaged(f"{relative}/{MANIFEST}", "belongs to another folder")
        return manifest


def subfolders(parent: Path) -> list[Path]:
    """Return the folders in `parent`, in the order of their names; none when it is not there."""
    with registry_errors():
        try:
            entries = sorted(os.scandir(parent), key=lambda entry: entry.name)
        except FileNotFoundError:
            return []
        return [parent / entry.name for entry in entries if entry.is_dir()]
