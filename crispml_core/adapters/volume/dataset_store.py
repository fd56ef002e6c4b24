"""Data sets on the volume."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from crispml_core.adapters.volume.dataset_writer import FOLDER, VolumeDataSetWriter
from crispml_core.adapters.volume.errors import damaged, registry_errors
from crispml_core.adapters.volume.files import FILE_NAME, FOLDER_NAME
from crispml_core.adapters.volume.manifests import Manifests
from crispml_core.domain.datasets import DataSet, Stage, StoredFile
from crispml_core.domain.errors import InvalidInput, NotFound, did_you_mean

BATCH_ROWS = 65_536


class VolumeDataSetStore:
    """Keeps each data set in a folder of its own; see `ports.dataset_store.DataSetStore`.

    Parameters
    ----------
    root : Path
        The folder of the registry; created at the first write.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._manifests = Manifests(root, DataSet, lambda dataset: f"{FOLDER}/{dataset.id}")
        self._checked: dict[Path, tuple[int, int]] = {}

    def writer(self, use_case: str, stage: Stage, run_id: str = "") -> VolumeDataSetWriter:
        """Start a new data set; `run_id` lets leftovers of a dead run be found."""
        return VolumeDataSetWriter(self._root, use_case, stage, run_id, self._stored)

    def get(self, dataset_id: str) -> DataSet:
        """Return the manifest, or raise `NotFound`."""
        found = self._stored(dataset_id)
        if found is None:
            raise NotFound("data set")
        return found

    def batches(
        self, dataset_id: str, columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows in order, in batches of bounded size.

        Raises
        ------
        NotFound, InvalidInput, RegistryDamaged
            At once, before the first batch: no such data set, no such column, a changed file.
        """
        dataset = self.get(dataset_id)
        names = _known_columns(dataset, columns)
        paths = self._check(dataset)
        return self._read(paths, names)

    def table(self, dataset_id: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Return all rows in memory."""
        dataset = self.get(dataset_id)
        names = _known_columns(dataset, columns)
        with registry_errors():
            parts = [_read_part(path, names) for path in self._check(dataset)]
        return pa.concat_tables(parts)

    def find(self, use_case: str | None = None, stage: Stage | None = None) -> list[DataSet]:
        """Return the manifests, newest first."""
        found = [
            dataset
            for dataset in self._manifests.scan(self._root / FOLDER)
            if use_case in (None, dataset.use_case) and stage in (None, dataset.stage)
        ]
        return sorted(found, key=lambda dataset: (dataset.created_at, dataset.id), reverse=True)

    def _stored(self, dataset_id: str) -> DataSet | None:
        if not FOLDER_NAME.fullmatch(dataset_id):
            return None
        return self._manifests.read(self._root / FOLDER / dataset_id)

    def _read(self, paths: list[Path], names: list[str]) -> Iterator[pa.RecordBatch]:
        with registry_errors():
            for path in paths:
                # The buffer ahead would hold the whole file in memory by the end.
                with pq.ParquetFile(path, pre_buffer=False) as file:
                    for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=names):
                        yield batch.select(names)

    def _check(self, dataset: DataSet) -> list[Path]:
        with registry_errors():
            return [self._checked_path(dataset, file) for file in dataset.files]

    def _checked_path(self, dataset: DataSet, file: StoredFile) -> Path:
        folder = f"{FOLDER}/{dataset.id}"
        if not FILE_NAME.fullmatch(file.name):
            raise damaged(f"{folder}/manifest.json", "names a wrong file")
        path = self._root / folder / file.name
        try:
            found = path.stat()
        except FileNotFoundError:
            raise damaged(f"{folder}/{file.name}", "is missing") from None
        # Hashing costs a pass over the file, so it is done once per process and state of the file.
        stamp = (found.st_mtime_ns, found.st_size)
        if self._checked.get(path) != stamp:
            with open(path, "rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            if found.st_size != file.size or digest != file.sha256:
                raise damaged(f"{folder}/{file.name}", "is not what its manifest says")
            self._checked[path] = stamp
        return path


def _read_part(path: Path, names: list[str]) -> pa.Table:
    with pq.ParquetFile(path) as file:
        return file.read(columns=names).select(names)


def _known_columns(dataset: DataSet, columns: Sequence[str] | None) -> list[str]:
    known = [column.name for column in dataset.columns]
    if columns is None:
        return known
    for position, name in enumerate(columns):
        if name not in known:
            raise InvalidInput(
                f"column {position} of the selection is not in the data set"
                f"{did_you_mean(name, known)}; known: {', '.join(known)}"
            )
    return list(columns)
