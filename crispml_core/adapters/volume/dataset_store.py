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

    def parts(self, dataset_id: str) -> int:
        """Return how many parts there are: each row group of a file is one."""
        return len(self._parts(self._check(self.get(dataset_id))))

    def batches(
        self, dataset_id: str, columns: Sequence[str] | None = None, part: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows in order, in batches of bounded size; of one part, or of all in turn.

        Raises
        ------
        NotFound, InvalidInput, RegistryDamaged
            At once, before the first batch: no such data set, no such column, a changed file.
        """
        dataset = self.get(dataset_id)
        names = _known_columns(dataset, columns)
        parts = self._parts(self._check(dataset))
        return self._read(parts if part is None else [parts[part]], names)

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

    def _parts(self, paths: list[Path]) -> list[tuple[Path, int]]:
        with registry_errors():
            return [(path, group) for path in paths for group in _row_groups(path)]

    def _read(self, parts: list[tuple[Path, int]], names: list[str]) -> Iterator[pa.RecordBatch]:
        with registry_errors():
            for path, group in parts:
                # The buffer ahead would hold the whole file in memory by the end.
                with pq.ParquetFile(path, pre_buffer=False) as file:
                    # Of one group after the other, so that whoever reads a part has the batches of
                    # whoever reads all.
                    for batch in file.iter_batches(BATCH_ROWS, [group], columns=names):
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


def _row_groups(path: Path) -> list[int]:
    """Return the row groups that have rows: the last one of a file may have none."""
    with pq.ParquetFile(path) as file:
        facts = file.metadata
        return [group for group in range(facts.num_row_groups) if facts.row_group(group).num_rows]


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
