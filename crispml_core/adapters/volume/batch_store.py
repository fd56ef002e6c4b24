"""The volume of batches: sources, sinks and what runs keep."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from crispml_core.adapters.volume.batch_errors import SETTING, batch_errors
from crispml_core.adapters.volume.batch_names import WORK, place_below
from crispml_core.adapters.volume.batch_work import MANIFEST, VolumeBatchWork, taken
from crispml_core.domain.batches import BatchManifest
from crispml_core.domain.errors import InvalidInput, MalformedContent

if TYPE_CHECKING:
    from crispml_core.adapters.volume.batch_input import ParquetInput


class VolumeBatchStore:
    """Batches below one folder; see `crispml_core.ports.batch_store.BatchStore`.

    Parameters
    ----------
    root : Path
        The folder; created when it is needed and not there.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def open_source(self, name: str) -> ParquetInput:
        """Open a Parquet file, or the Parquet files of a folder in the order of their names."""
        from crispml_core.adapters.volume.batch_input import ParquetInput  # loads pyarrow

        place = place_below(self._root, name, "source.parquet")
        with batch_errors():
            files = [place]
            if place.is_dir():
                files = [_inside(place, file) for file in sorted(place.glob("[!._]*.parquet"))]
            if not files or not all(file.is_file() for file in files):
                raise InvalidInput(
                    f"source.parquet: there is no such Parquet file, and no folder of them, below "
                    f"the folder that {SETTING} names"
                )
        return ParquetInput(files)

    def check_sink(self, name: str) -> None:
        """Raise `InvalidInput` for a name that cannot be a sink, `Conflict` for a taken one."""
        place = place_below(self._root, name, "sink")
        with batch_errors():
            if place.exists() and (not place.is_dir() or any(place.iterdir())):
                raise taken()
            nearest = place
            while not nearest.exists():
                nearest = nearest.parent
            if not nearest.is_dir():
                raise taken()
            if not os.access(nearest, os.W_OK):
                raise PermissionError(errno.EACCES, "")
            # The sink appears by a rename, which cannot cross to another volume.
            if self._root.exists() and nearest.stat().st_dev != self._root.stat().st_dev:
                raise InvalidInput(
                    f"sink must lie on the volume of the folder that {SETTING} names"
                )

    def manifest(self, sink: str) -> BatchManifest | None:
        """Return the manifest of a complete sink."""
        place = place_below(self._root, sink, "sink")
        with batch_errors():
            try:
                content = (place / MANIFEST).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None
        try:
            return msgspec.json.decode(content, type=BatchManifest)
        except msgspec.MsgspecError:
            return None

    def work(self, run_id: str) -> VolumeBatchWork:
        """Return what a run keeps."""
        return VolumeBatchWork(self._root, run_id)

    def sweep(self, is_live: Callable[[str], bool]) -> list[str]:
        """Remove what runs that are not live any more left behind, and return their ids."""
        with batch_errors():
            try:
                runs = sorted(os.listdir(self._root / WORK))
            except FileNotFoundError:
                return []
        dead = [run_id for run_id in runs if not is_live(run_id)]
        for run_id in dead:
            self.work(run_id).remove()
        return dead


def _inside(folder: Path, file: Path) -> Path:
    found = file.resolve()
    if not found.is_relative_to(folder):
        raise MalformedContent("source.parquet: a file of the folder is a link that leads out")
    return found
