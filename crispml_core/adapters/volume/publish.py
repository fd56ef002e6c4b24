"""Publishing a folder in one step: stage, write, force to the volume, rename."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from crispml_core.adapters.folders import make_folder, sync_folder
from crispml_core.adapters.volume.errors import registry_errors
from crispml_core.adapters.volume.files import FILE_NAME, HashedFile
from crispml_core.adapters.volume.manifests import MANIFEST
from crispml_core.domain.datasets import StoredFile
from crispml_core.domain.signatures import FILE as SIGNATURE

STAGING = ".staging"


def staging_path(root: Path, run_id: str = "") -> Path:
    """Return a new path in the staging folder, which is made.

    Its name begins with the run; with nothing for work that belongs to none, so that no sweep takes
    it for the leftovers of a dead run.
    """
    make_folder(root / STAGING)
    return root / STAGING / f"{run_id}.{uuid4().hex}"


class StagedFolder:
    """A folder that nobody sees before `publish`.

    Parameters
    ----------
    root : Path
        The folder of the registry; created when it is not there.
    run_id : str
        The run that writes, so that `sweep` can tell leftovers from work.
    """

    def __init__(self, root: Path, run_id: str = "") -> None:
        with registry_errors():
            self._path = staging_path(root, run_id)
            self._path.mkdir()
        self._published = False

    def open(self, name: str) -> HashedFile:
        """Open a new file in the folder; the caller ends it with `HashedFile.finish`."""
        if not FILE_NAME.fullmatch(name):
            raise ValueError(f"a file of the registry must match {FILE_NAME.pattern}")
        with registry_errors():
            return HashedFile(self._path / name)

    def write(self, name: str, content: bytes) -> StoredFile:
        """Write a whole file."""
        with registry_errors(), self.open(name) as file:
            file.write(content)
            return file.finish()

    def write_all(self, files: Mapping[str, bytes]) -> tuple[StoredFile, ...]:
        """Write whole files, in the order of their names."""
        if {MANIFEST, SIGNATURE} & files.keys():
            raise ValueError(f"{MANIFEST} and {SIGNATURE} are written by the store")
        return tuple(self.write(name, files[name]) for name in sorted(files))

    def read(self, name: str) -> bytes:
        """Return a file that was written."""
        with registry_errors():
            return (self._path / name).read_bytes()

    def publish(self, destination: Path) -> bool:
        """Make the folder visible under `destination`.

        Returns
        -------
        bool
            False when something is there already; the staged folder is then still there.
        """
        with registry_errors():
            sync_folder(self._path)
            make_folder(destination.parent)
            try:
                os.rename(self._path, destination)
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                    return False
                raise
            self._published = True
            sync_folder(destination.parent)
        return True

    def discard(self) -> None:
        """Remove the folder; harmless after `publish`."""
        if not self._published:
            # What cannot be removed now is left to the sweep.
            shutil.rmtree(self._path, ignore_errors=True)


def replace_file(root: Path, destination: Path, content: bytes) -> None:
    """Write a small file so that a reader sees the old bytes or the new ones, never a part."""
    with registry_errors():
        staged = staging_path(root)
        try:
            with HashedFile(staged) as file:
                file.write(content)
                file.finish()
            make_folder(destination.parent)
            os.replace(staged, destination)
            sync_folder(destination.parent)
        finally:
            staged.unlink(missing_ok=True)
