"""Uploads in memory, written to a folder only when somebody asks for their path."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from crispml_core.domain.errors import MalformedContent, NotFound, TooLarge
from crispml_core.domain.identifiers import new_id
from crispml_core.ports.upload_store import Upload, UploadFormat


class FakeUploadWriter:
    """Receives one file into memory."""

    def __init__(self, store: FakeUploadStore, file_format: UploadFormat) -> None:
        self._store, self._format = store, file_format
        self._content = bytearray()

    def write(self, chunk: bytes) -> None:
        """Append bytes; raise `TooLarge` when the file goes over the limit."""
        self._content += chunk
        if len(self._content) > self._store.max_bytes:
            raise TooLarge(f"the upload is larger than the limit of {self._store.max_bytes} bytes")

    def commit(self) -> Upload:
        """Keep the file."""
        if not self._content:
            raise MalformedContent("the upload is empty: send a CSV or Parquet file as the body")
        content, upload_id = bytes(self._content), str(new_id())
        self._store.files[upload_id] = (self._format, content, time.time())
        return Upload(upload_id, self._format, len(content), hashlib.sha256(content).hexdigest())

    def discard(self) -> None:
        """Forget what was written; harmless after `commit`."""
        self._content.clear()


class FakeUploadStore:
    """Keeps uploads in a dict.

    Parameters
    ----------
    folder : Path
        Where `path` writes a file on demand.
    max_bytes : int
        Largest file that is received.
    """

    def __init__(self, folder: Path, max_bytes: int = 1 << 20) -> None:
        self.folder, self.max_bytes = folder, max_bytes
        self.files: dict[str, tuple[UploadFormat, bytes, float]] = {}

    def receive(self, format: UploadFormat) -> FakeUploadWriter:  # noqa: A002
        """Start to receive a file."""
        return FakeUploadWriter(self, format)

    def path(self, upload_id: str) -> Path:
        """Write the file to the folder and return where it is, or raise `NotFound`."""
        if upload_id not in self.files:
            raise NotFound("upload")
        file_format, content, _ = self.files[upload_id]
        path = self.folder / f"{upload_id}.{file_format}"
        path.write_bytes(content)
        return path

    def remove(self, upload_id: str) -> None:
        """Forget a file; harmless when it is not there."""
        self.files.pop(upload_id, None)

    def remove_older_than(self, age_s: float) -> int:
        """Forget files that were committed more than `age_s` seconds ago, and return how many."""
        old = [name for name, (*_, at) in self.files.items() if time.time() - at > age_s]
        for name in old:
            del self.files[name]
        return len(old)
