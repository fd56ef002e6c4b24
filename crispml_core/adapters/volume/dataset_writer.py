"""Writing a data set: record batches in, one immutable folder out, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crispml_core.adapters.volume.errors import damaged, registry_errors
from crispml_core.adapters.volume.manifests import MANIFEST, encode_manifest
from crispml_core.adapters.volume.publish import StagedFolder
from crispml_core.domain.datasets import DataSet, Stage, StoredFile, dataset_id
from crispml_core.domain.identifiers import utc_now
from crispml_core.tables.digest import ContentDigest
from crispml_core.tables.profile import Profile

FOLDER = "datasets"
PART = "part-0.parquet"
ROWS_PER_GROUP = 131_072
# Wide rows fill memory before they fill a row group.
BYTES_PER_GROUP = 64 * 2**20


class VolumeDataSetWriter:
    """Streams rows into Parquet; see `ports.dataset_store.DataSetWriter`.

    Parameters
    ----------
    root : Path
        The folder of the registry; created at the first row.
    use_case, stage, run_id
        What the data set belongs to.
    stored : callable
        Returns the manifest with an id, or None.
    """

    def __init__(
        self,
        root: Path,
        use_case: str,
        stage: Stage,
        run_id: str,
        stored: Callable[[str], DataSet | None],
    ) -> None:
        self._root, self._run_id, self._stored = root, run_id, stored
        self._use_case, self._stage = use_case, stage
        self._digest, self._profile = ContentDigest(), Profile()
        self._part: _StagedPart | None = None
        self._ended = False

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows; every batch has the schema of the first.

        Raises
        ------
        StoreUnavailable
            If the volume is full, read-only or missing; nothing is left on it then.
        """
        if self._ended:
            raise ValueError("this data set is published or discarded")
        with self._discarded_on_error():
            if self._part is None:
                self._part = _StagedPart(StagedFolder(self._root, self._run_id), batch.schema)
            if not batch.schema.equals(self._part.schema):
                raise ValueError("every batch of a data set has the schema of the first")
            self._digest.update(batch)
            self._profile.update(batch)
            self._part.write(batch)

    def publish(
        self,
        *,
        parents: Sequence[str] = (),
        parameters: dict[str, Any] | None = None,
        owner: str = "",
        description: str = "",
        tags: Sequence[str] = (),
        sensitivity: str = "internal",
    ) -> DataSet:
        """Make the data set visible in one step; one that is there already is returned as it is."""
        part = self._part
        if part is None or self._ended:
            raise ValueError("write at least one batch, with or without rows, and publish once")
        digest = self._digest.hexdigest()
        parents, parameters = tuple(parents), dict(parameters or {})
        manifest = DataSet(
            id=dataset_id(self._use_case, self._stage, digest, parents, parameters),
            use_case=self._use_case,
            stage=self._stage,
            rows=self._digest.rows,
            columns=self._digest.columns,
            content_digest=digest,
            created_at=utc_now(),
            parents=parents,
            parameters=parameters,
            owner=owner,
            description=description,
            tags=tuple(tags),
            sensitivity=sensitivity,
            profile=self._profile.result(),
        )
        with self._discarded_on_error():
            return self._publish(manifest, part)

    def discard(self) -> None:
        """Remove what was written; harmless after `publish`."""
        self._ended = True
        if self._part is not None:
            self._part.discard()

    def _publish(self, manifest: DataSet, part: _StagedPart) -> DataSet:
        known = self._stored(manifest.id)
        if known is None:
            manifest = replace(manifest, files=(part.finish(),))
            part.folder.write(MANIFEST, encode_manifest(manifest))
            if part.folder.publish(self._root / FOLDER / manifest.id):
                self._ended = True
                return manifest
            # Another process published the same data set in the meantime.
            known = self._stored(manifest.id)
            if known is None:
                raise damaged(f"{FOLDER}/{manifest.id}/{MANIFEST}", "is missing")
        self.discard()
        return known

    @contextmanager
    def _discarded_on_error(self) -> Iterator[None]:
        try:
            with registry_errors():
                yield
        except BaseException:
            self.discard()
            raise


class _StagedPart:
    """The Parquet file of a data set, in row groups of bounded size."""

    def __init__(self, folder: StagedFolder, schema: pa.Schema) -> None:
        self.folder, self.schema = folder, schema
        with ExitStack() as on_error:
            on_error.callback(folder.discard)
            self._file = folder.open(PART)
            on_error.callback(self._file.close)
            self._parquet = pq.ParquetWriter(
                self._file, schema.remove_metadata(), compression="zstd"
            )
            on_error.pop_all()
        self._waiting: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def write(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= ROWS_PER_GROUP or self._bytes >= BYTES_PER_GROUP:
            self._flush()

    def finish(self) -> StoredFile:
        self._flush()
        self._parquet.close()
        return self._file.finish()

    def discard(self) -> None:
        # The Parquet writer wants to end its file, also on a volume that takes no more bytes.
        self._file.mute()
        self._waiting.clear()
        self._parquet.close()
        self._file.close()
        self.folder.discard()

    def _flush(self) -> None:
        table = pa.Table.from_batches(self._waiting, self.schema).replace_schema_metadata(None)
        self._waiting.clear()
        self._rows = self._bytes = 0
        self._parquet.write_table(table, row_group_size=ROWS_PER_GROUP)
