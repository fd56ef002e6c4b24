"""Parts of a work as Arrow files in the staging folder of the registry."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

from crispml_core.adapters.volume.errors import registry_errors
from crispml_core.adapters.volume.publish import STAGING, staging_path

_LZ4 = pa.ipc.IpcWriteOptions(compression="lz4")


class VolumePartFiles:
    """What a killed run leaves is swept with it; see `crispml_core.ports.part_files.PartFiles`.

    Parameters
    ----------
    root : Path
        The folder of the registry.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def start(self, run_id: str) -> str:
        """Make a folder for the parts of a work."""
        with registry_errors():
            path = staging_path(self._root, run_id)
            path.mkdir()
            return path.name

    def write(self, place: str, part: int, batches: Iterable[pa.RecordBatch]) -> None:
        """Write a part under a name of its own, and rename it when it is whole."""
        path = self._path(place, part)
        written = path.with_suffix(f".{uuid4().hex}")
        rows = iter(batches)
        first = next(rows)
        with registry_errors():
            try:
                with pa.ipc.new_file(str(written), first.schema, options=_LZ4) as file:
                    file.write_batch(first)
                    for batch in rows:
                        file.write_batch(batch)
                os.replace(written, path)
            finally:
                written.unlink(missing_ok=True)

    def take(self, place: str, part: int) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a part, and remove it."""
        path = self._path(place, part)
        with registry_errors():
            with pa.ipc.open_file(str(path)) as file:
                for number in range(file.num_record_batches):
                    yield file.get_batch(number)
            path.unlink(missing_ok=True)

    def discard(self, place: str) -> None:
        """Remove the folder; what cannot be removed now is left to the sweep."""
        shutil.rmtree(self._root / STAGING / place, ignore_errors=True)

    def _path(self, place: str, part: int) -> Path:
        return self._root / STAGING / place / f"{part}.arrow"
