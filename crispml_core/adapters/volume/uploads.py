"""Uploaded files on the registry volume, as ``uploads/<id>.csv`` or ``uploads/<id>.parquet``.

A file is received under ``.staging``, where the sweep of the volume finds what a dead process left.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from uuid import uuid4

from crispml_core.adapters.folders import make_folder, sync_folder
from crispml_core.adapters.volume.errors import registry_errors
from crispml_core.adapters.volume.files import HashedFile
from crispml_core.adapters.volume.publish import STAGING
from crispml_core.domain.errors import MalformedContent, NotFound, TooLarge
from crispml_core.domain.identifiers import new_id
from crispml_core.ports.upload_store import Upload, UploadFormat

FOLDER = "uploads"
_ID = re.compile(r"[0-9a-f-]{36}")


class VolumeUploadWriter:
    """Receives one file; made by `VolumeUploadStore.receive`."""

    def __init__(self, root: Path, file_format: UploadFormat, max_bytes: int) -> None:
        self._folder, self._format, self._max_bytes = root / FOLDER, file_format, max_bytes
        with registry_errors():
            make_folder(root / STAGING)
            # No run id before the point: it belongs to no run, so only its age lets it be swept.
            self._staged = root / STAGING / f".{uuid4().hex}"
            self._file = HashedFile(self._staged)

    def write(self, chunk: bytes) -> None:
        """Append bytes; raise `TooLarge` when the file goes over the limit."""
        if self._file.tell() + len(chunk) > self._max_bytes:
            raise TooLarge(f"the upload is larger than the limit of {self._max_bytes} bytes")
        with registry_errors():
            self._file.write(chunk)

    def commit(self) -> Upload:
        """Force the file to the volume and keep it."""
        if self._file.tell() == 0:
            raise MalformedContent("the upload is empty: send a CSV or Parquet file as the body")
        upload_id = str(new_id())
        with registry_errors():
            stored = self._file.finish()
            make_folder(self._folder)
            os.rename(self._staged, self._folder / f"{upload_id}.{self._format}")
            sync_folder(self._folder)
        return Upload(upload_id, self._format, stored.size, stored.sha256)

    def discard(self) -> None:
        """Remove what was written; harmless after `commit`."""
        with registry_errors():
            self._file.close()
            self._staged.unlink(missing_ok=True)


class VolumeUploadStore:
    """Uploaded files under the folder of the registry.

    Parameters
    ----------
    root : Path
        The folder of the registry.
    max_bytes : int
        Largest file that is received.
    """

    def __init__(self, root: Path, max_bytes: int) -> None:
        self._root, self._max_bytes = root, max_bytes

    def receive(self, format: UploadFormat) -> VolumeUploadWriter:  # noqa: A002
        """Start to receive a file."""
        return VolumeUploadWriter(self._root, format, self._max_bytes)

    def path(self, upload_id: str) -> Path:
        """Return where the file is, or raise `NotFound`."""
        with registry_errors():
            found = next(iter(self._files(upload_id)), None)
        if found is None:
            raise NotFound("upload")
        return found

    def remove(self, upload_id: str) -> None:
        """Remove a file; harmless when it is not there."""
        with registry_errors():
            for file in self._files(upload_id):
                file.unlink(missing_ok=True)

    def remove_older_than(self, age_s: float) -> int:
        """Remove files that nobody ingested within `age_s` seconds, and return how many."""
        removed = 0
        with registry_errors():
            for file in self._files("*"):
                if time.time() - file.stat().st_mtime > age_s:
                    file.unlink(missing_ok=True)
                    removed += 1
        return removed

    def _files(self, upload_id: str) -> list[Path]:
        if upload_id != "*" and not _ID.fullmatch(upload_id):
            return []
        return sorted((self._root / FOLDER).glob(f"{upload_id}.*"))
